import ConsoleModel
import Documents
import TestKit
import Testing

@testable import Operations

/// A journal in which lines tell of one shard or of all.
@Suite struct RunJournalTests {
  private static let nodes = ["a", "b", "c"].map { NodeID($0) }

  @Test func `the last whole line and what later ones tell of some shards are where it stands`()
    throws
  {
    let temporary = try TemporaryFolder()
    let folder = RunFolder(state: temporary.path, operation: "20261126T000000-abcdef")
    let journal = try RunJournal(folder)
    var whole = RunCheckpoint(operation: "20261126T000000-abcdef", nodes: Self.nodes)
    whole.event = "begun"
    try journal.append(whole, at: WallTime(seconds: 1))
    #expect(RunJournal.last(folder) == whole)
    for step in 1...3 {
      whole.event = "done"
      whole[Self.nodes[0]]?.status.changed = UInt64(step)
      whole[Self.nodes[0]]?.cursor = "\(step)"
      try journal.append(whole.part(Self.nodes[0]), at: WallTime(seconds: 2))
    }
    whole[Self.nodes[2]]?.isFinished = true
    whole[Self.nodes[2]]?.anchor = 12_345
    try journal.append(whole.part(Self.nodes[2]), at: WallTime(seconds: 2))
    #expect(RunJournal.last(folder) == whole)
    // A line of all of them is newer than each before.
    whole[Self.nodes[0]]?.cursor = "0"
    try journal.append(whole, at: WallTime(seconds: 3))
    #expect(RunJournal.last(folder) == whole)
  }

  @Test func `a part of a run on one server is the whole of it`() {
    let whole = RunCheckpoint(operation: "x", nodes: [Self.nodes[0]])
    #expect(!whole.part(Self.nodes[0]).isPart)
  }
}
