import ConsoleModel
import Testing

@Suite struct ConfirmationTests {
  private func plan(
    _ request: OperationRequest, _ environmentClass: EnvironmentClass, keys: UInt64 = 50
  ) -> OperationPlan {
    var preview = OperationPreview()
    preview.keys = .exact(keys)
    return OperationPlan(
      id: "a", request: request,
      environment: EnvironmentIdentity(name: "shop é", environmentClass: environmentClass),
      author: OperationAuthor(user: "maja", uid: 1, role: .admin, host: "h"), preview: preview,
      created: WallTime(microseconds: 0))
  }

  private let node = NodeID("redis-1")

  @Test func onlyProductionHasAnythingTyped() {
    let request = OperationRequest(.invalidate, .pattern(Array("a:*".utf8)), nodes: [node])
    #expect(plan(request, .development).confirmationText == nil)
    #expect(plan(request, .staging).confirmationText == nil)
    #expect(plan(request, .production).confirmationText == "a:*")
    #expect(plan(request, .production, keys: 10).confirmationText == nil)
  }

  private static let names: [(keys: UInt64, glob: [UInt8], text: String)] = [
    (50, Array("a b\\c".utf8), #"a b\c"#),
    (50, [0x1B, 0x61, 0xFF], #"\x1ba\xff"#),
    (50, [0x00], #"\x00"#),
    // No name at all, and names that nobody types.
    (50, [0x20], #"shop \xc3\xa9"#),
    (50, [], #"shop \xc3\xa9"#),
    (50, Array(repeating: 0x61, count: 64), String(repeating: "a", count: 64)),
    (50, Array(repeating: 0x61, count: 65), #"shop \xc3\xa9"#),
    (50, Array(repeating: 0, count: 1_000_000), #"shop \xc3\xa9"#),
    (10_001, [0x61], #"shop \xc3\xa9 10k"#),
  ]

  @Test(arguments: names.indices)
  func whateverTheBytesTheTextCanBeTyped(_ index: Int) {
    let (keys, glob, text) = Self.names[index]
    let typed = plan(
      OperationRequest(.invalidate, .pattern(glob), nodes: [node]), .production, keys: keys
    ).confirmationText
    #expect(typed == text)
  }

  @Test func keysServersAndUndoHaveNames() {
    let keys = (0..<20).map { KeyName("k\($0)") }
    func text(_ action: OperationRequest.Action, _ target: OperationRequest.Target) -> String? {
      plan(OperationRequest(action, target, nodes: [node, NodeID("b")]), .production)
        .confirmationText
    }
    #expect(text(.invalidate, .keys(keys)) == "20 keys")
    #expect(text(.invalidate, .keys([keys[3]])) == "k3")
    #expect(text(.slowlogReset, .server) == "redis-1, b")
    #expect(text(.restore(operation: "2026-x"), .server) == "2026-x")
  }
}
