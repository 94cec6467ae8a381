import TestKit
import Testing

/// What docs/security.md says, as the tests read it.
struct SecurityGuide {
  static let viewer = "cacheconsole-viewer"
  static let administrating = "cacheconsole-operator"
  static let password = "CHANGE-THIS-PASSWORD"

  /// The lines of each block of text between fences.
  let blocks: [[String]]
  let text: String

  init() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
    let result = try ChildProcess.run("cat", [root + "/docs/security.md"])
    text = result.output
    var blocks: [[String]] = []
    var open: [String]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        if let block = open { blocks.append(block) }
        open = open == nil ? [] : nil
      } else {
        open?.append(String(line))
      }
    }
    self.blocks = blocks
  }

  /// The `ACL SETUSER` lines of one user, as words.
  func commands(of user: String) throws -> [[String]] {
    let lines = blocks.joined().map { $0.split(separator: " ").map(String.init) }
      .filter { $0.starts(with: ["ACL", "SETUSER", user]) }
    try #require(!lines.isEmpty)
    return lines
  }

  /// One line of an ACL file for each user, as the guide says: `user` for `ACL SETUSER`.
  func aclFile() throws -> String {
    try [Self.viewer, Self.administrating].map { user in
      let rules = try commands(of: user).flatMap { $0.dropFirst(3) }
      return "user \(user) \(rules.joined(separator: " "))\n"
    }.joined()
  }
}
