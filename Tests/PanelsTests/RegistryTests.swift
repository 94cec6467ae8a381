import ConsoleModel
import Terminal
import Testing

@testable import Panels

@Suite("The action registry")
struct RegistryTests {
  private static let now = Fixture.now

  @Test("has each action once")
  func complete() {
    let ids = Action.registry.map(\.id)
    #expect(Set(ids).count == ids.count)
    #expect(Set(ids) == Set(ActionID.allCases))
  }

  @Test("has no key that means two things where it applies")
  func keysAreUnique() {
    for type in Model.panelTypes {
      for context in type.contexts {
        var seen: [Key: ActionID] = [:]
        let actions = Action.registry.filter { action in
          (context + [.global]).contains(where: action.scopes.contains)
        }
        for action in actions {
          // Esc leaves the innermost thing first: that is what it means everywhere.
          for key in action.keys where key != .escape {
            if let other = seen[key], other != action.id {
              Issue.record("\(key) is \(other) and \(action.id) in \(type) \(context)")
            }
            seen[key] = action.id
          }
        }
      }
    }
  }

  @Test("has no command twice, and none that is a prefix word of another's argument")
  func commandsAreUnique() {
    let commands = Action.registry.compactMap(\.command)
    #expect(Set(commands).count == commands.count)
    for action in Action.registry {
      guard let command = action.command else { continue }
      let line = action.argument == .none ? command : "\(command) x"
      #expect(
        CommandParser.parse(line)
          == .action(action.id, argument: action.argument == .none ? nil : "x"))
    }
  }

  @Test("refuses every changing action to a viewer, says why, and does nothing")
  func viewersChangeNothing() throws {
    let changing = Action.registry.filter { $0.reach == .change }
    #expect(!changing.isEmpty)
    for action in changing {
      for panel in PanelID.allCases {
        var model = Model(context: Fixture.context(access: Fixture.viewer))
        _ = model.update(.action(panel.action), now: Self.now)
        let reason = try #require(action.refusal(in: model))
        #expect(reason.contains("started with --read-only"))
        for argument in [nil, "redis-1"] {
          let effects = model.update(.action(action.id, argument: argument), now: Self.now)
          #expect(effects.isEmpty)
          #expect(model.dialog == nil)
          #expect(model.toast?.message.text.contains("read-only") == true)
        }
        for key in action.keys where model.scopes.contains(where: action.scopes.contains) {
          #expect(model.update(.input(.key(key)), now: Self.now).isEmpty)
          #expect(model.toast?.message.text.contains("read-only") == true)
        }
      }
    }
  }

  @Test("shows each action in Help, with its keys and its command")
  func helpIsComplete() {
    var model = Model(context: Fixture.context(200, 120))
    _ = model.update(.action(.help), now: Self.now)
    let grid = render(model)
    let rows = (0..<grid.rows).map { grid.text(row: $0) }
    for action in Action.registry {
      let row = rows.first { $0.contains(action.title) }
      #expect(row != nil, "\(action.id) is not in Help")
      if let command = action.command { #expect(row?.contains(":\(command)") == true) }
      if let key = action.keys.first { #expect(row?.contains(key.label(isUnicode: true)) == true) }
    }
  }

  @Test("marks the refused actions of a viewer in Help and footer")
  func refusalsAreShown() {
    var model = Model(context: Fixture.context(200, 120, access: Fixture.viewer))
    _ = model.update(.action(.help), now: Self.now)
    let rows = lines(model)
    #expect(rows.contains { $0.contains("slowlog reset") && $0.contains("refused") })
    _ = model.update(.action(.showSlow), now: Self.now)
    #expect(lines(model).last?.contains("SLOWLOG RESET (refused)") == true)
  }

  @Test("refuses to reveal personal data without the right")
  func revealIsARight() {
    for access in [
      Fixture.viewer, Access(isReadOnly: false, reason: "", mayReveal: false),
      Access(isReadOnly: true, reason: "started with --read-only", mayReveal: true),
    ] {
      var model = Model(context: Fixture.context(access: access))
      _ = model.update(.action(.reveal), now: Self.now)
      #expect(!model.context.isRevealed)
      #expect(model.toast?.message.text.contains("masked") == true)
    }
    var model = Model(context: Fixture.context())
    _ = model.update(.action(.reveal), now: Self.now)
    #expect(model.context.isRevealed)
    #expect(lines(model)[0].contains("REVEALED"))
    _ = model.update(.environmentSwitched(Fixture.staging), now: Self.now)
    #expect(!model.context.isRevealed)
  }
}

func lines(_ model: Model) -> [String] {
  let grid = render(model)
  return (0..<grid.rows).map { grid.text(row: $0) }
}

/// Presses keys one after the other, at one moment.
@discardableResult
func press(_ model: inout Model, _ keys: Key..., at now: MonotonicTime = Fixture.now) -> [Effect] {
  keys.flatMap { model.update(.input(.key($0)), now: now) }
}

/// Types text, then Enter.
@discardableResult
func type(_ model: inout Model, _ text: String, at now: MonotonicTime = Fixture.now) -> [Effect] {
  text.unicodeScalars.flatMap { model.update(.input(.key(.character($0))), now: now) }
}
