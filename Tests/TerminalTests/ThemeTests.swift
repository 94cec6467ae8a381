import Terminal
import Testing

@Suite struct ThemeTests {
  private let depths = Capabilities.ColorDepth.allCases

  @Test func theBuiltInThemesNameEveryRole() {
    for roles in [Theme.darkRoles, Theme.monoRoles] {
      #expect(Set(roles.keys) == Set(StyleRole.allCases.map(\.name)))
    }
    #expect(Theme.dark.name == "dark" && Theme.mono.name == "mono")
  }

  @Test(arguments: [Theme.dark, Theme.mono], Capabilities.ColorDepth.allCases)
  func whatMattersIsToldApartAtEveryDepth(theme: Theme, depth: Capabilities.ColorDepth) {
    let appearance = { (role: StyleRole) in theme.appearance(of: Style(role), depth: depth) }
    #expect(appearance(.selection) != appearance(.normal))
    #expect(appearance(.critical) != appearance(.ok))
    #expect(appearance(.production) != appearance(.development))
    for role in StyleRole.allCases {
      let look = appearance(role)
      #expect(look.foreground == .standard || look.foreground != look.background, "\(role)")
      if depth == .mono { #expect(look.foreground == .standard && look.background == .standard) }
    }
  }

  @Test func attributesOfTheCellAreAdded() {
    let look = Theme.dark.appearance(of: Style(.ok, [.underline, .reverse]), depth: .indexed256)
    #expect(look.attributes == [.underline, .reverse])
  }

  @Test(
    arguments: [
      ("#7fd962", .indexed(113), .indexed(10)), ("#ff0000", .indexed(196), .indexed(9)),
      ("#800000", .indexed(88), .indexed(1)), ("#000", .indexed(16), .indexed(0)),
      ("#fff", .indexed(231), .indexed(15)), ("#808080", .indexed(244), .indexed(8)),
      ("blue", .indexed(4), .indexed(4)), ("bright-cyan", .indexed(14), .indexed(14)),
      ("default", .standard, .standard), ("#264f78", .indexed(24), .indexed(4)),
    ] as [(String, ThemeColor, ThemeColor)])
  func colorsFallBackByDepth(text: String, indexed: ThemeColor, ansi: ThemeColor) throws {
    let color = try #require(ThemeColor(parsing: text))
    #expect(color.reduced(to: .trueColor) == color)
    #expect(color.reduced(to: .indexed256) == indexed)
    #expect(color.reduced(to: .ansi16) == ansi)
    #expect(color.reduced(to: .mono) == .standard)
  }

  @Test(arguments: [
    "", "#", "#12", "#1234567", "#gggggg", "#+12345", "#-1f", "Red", "1", "#ÿÿ", "red ",
  ])
  func whatIsNoColorIsRefused(text: String) {
    #expect(ThemeColor(parsing: text) == nil)
    do throws(ThemeError) {
      _ = try Theme(name: "x", roles: ["ok": RoleSpecification(background: text)])
      Issue.record("accepted")
    } catch {
      #expect(error.key == "roles.ok.bg")
      #expect(error.message.contains("#rrggbb"))
    }
  }

  @Test func anUnknownRoleIsNamed() {
    do throws(ThemeError) {
      _ = try Theme(
        name: "x", roles: ["ok": RoleSpecification(), "okay\u{1B}": RoleSpecification()])
      Issue.record("accepted")
    } catch {
      #expect(error.key == "roles.okay\\x1b")
      #expect(error.message.contains("selection"))
    }
  }

  @Test func whatAThemeLeavesOutIsStillReadable() throws {
    let theme = try Theme(
      name: "x", roles: ["normal": RoleSpecification(foreground: "#111111", background: "#eeeeee")])
    let ok = theme.appearance(of: Style(.ok), depth: .trueColor)
    #expect(ok.foreground == .rgb(red: 17, green: 17, blue: 17))
    #expect(ok.background == .rgb(red: 238, green: 238, blue: 238))
    #expect(
      theme.appearance(of: Style(.selection), depth: .trueColor).attributes.contains(.reverse))
    // The background that all share is no reason to reverse everything.
    #expect(theme.appearance(of: Style(.ok), depth: .mono).attributes == [])
  }

  @Test func colorsThatFallTogetherAreParted() throws {
    let theme = try Theme(
      name: "x", roles: ["ok": RoleSpecification(foreground: "#101010", background: "#181818")])
    let look = theme.appearance(of: Style(.ok), depth: .ansi16)
    #expect(look.foreground != look.background)
  }
}
