import ConsoleModel
import Documents
import Operations
import TestKit
import Testing

/// Plans, requests and statuses as documents: they come back as they were, and what is none is refused.
@Suite struct CodecTests {
  @Test func `a plan comes back as it was, with its hash`() throws {
    let plan = CodecFixture.plan.hashed()
    let back = try OperationPlan(json: Array(plan.json.utf8), file: "plan.json")
    #expect(back == plan)
    #expect(back.hasItsHash)
    #expect(plan.hash.utf8.count == 64)
  }

  @Test func `a plan that was changed no longer has its hash`() throws {
    let plan = CodecFixture.plan.hashed()
    var changed = plan
    changed.request.includesSessions.toggle()
    #expect(!changed.hasItsHash)
    changed = plan
    changed.preview.keys = .exact(3)
    #expect(!changed.hasItsHash)
    changed = plan
    changed.created.microseconds += 1
    #expect(!changed.hasItsHash)
    #expect(!CodecFixture.plan.hasItsHash)
  }

  @Test(arguments: CodecFixture.requests) func `a request comes back as it was`(
    request: OperationRequest
  ) throws {
    let back = try OperationRequest(json: Array(request.json.utf8), file: "request.json")
    #expect(back == request)
  }

  @Test func `a status comes back as it was`() throws {
    let status = CodecFixture.status
    #expect(try OperationStatus(json: Array(status.json.utf8), file: "status") == status)
    var bare = OperationStatus(
      id: "x", title: "", environment: "", author: CodecFixture.author,
      started: WallTime(microseconds: -1), updated: WallTime(microseconds: 0))
    bare.rate = .nan
    let back = try OperationStatus(json: Array(bare.json.utf8), file: "status")
    #expect(back.rate == nil)
    #expect(back.started == bare.started)
  }

  /// What version 1 looks like: a change of these needs version 2, and a reader of both.
  @Test func `documents of version 1 are read`() throws {
    let plan = try OperationPlan(json: Array(CodecFixture.planVersion1.utf8), file: "plan")
    #expect(plan == CodecFixture.plan.hashed())
    #expect(plan.json == CodecFixture.planVersion1.filter { !$0.isNewline })
    let status = try OperationStatus(json: Array(CodecFixture.statusVersion1.utf8), file: "s")
    #expect(status == CodecFixture.status)
  }

  @Test func `a newer version, another schema and a strange member are refused in words`() {
    func refusal(_ old: String, _ new: String) -> String {
      let text = CodecFixture.planVersion1.replacing(old, with: new)
      do throws(DocumentError) {
        _ = try OperationPlan(json: Array(text.utf8), file: "plan.json")
        return "read"
      } catch {
        return error.description
      }
    }
    #expect(
      refusal("\"version\":1,\"id\"", "\"version\":2,\"id\"").contains("a newer cacheconsole"))
    #expect(refusal("cacheconsole.plan", "cacheconsole.operation").contains("expected"))
    #expect(refusal("\"uid\":1000", "\"uidd\":1000").contains("'uid' is missing"))
    #expect(refusal("\"uid\":1000", "\"uid\":1000,\"x\":1").contains("unknown key"))
    #expect(refusal("\"uid\":1000", "\"uid\":4294967296").contains("no user's number"))
    #expect(refusal("\"size\":\"18446744073709551615\"", "\"size\":-1").contains("whole number"))
    #expect(refusal("\"low\":900", "\"low\":9000").contains("must rise"))
  }

  @Test func `whatever is cut or changed is refused or read, and never traps`() {
    var random = SplitMix64(seed: 7)
    let texts = [CodecFixture.plan.hashed().json, CodecFixture.status.json].map { Array($0.utf8) }
    var refused = 0
    for (index, text) in texts.enumerated() {
      for end in 0..<text.count where !Self.isRead(Array(text[..<end]), index) { refused += 1 }
    }
    #expect(refused == texts.reduce(0) { $0 + $1.count })
    for _ in 0..<4000 {
      let index = Int.random(in: 0..<2, using: &random)
      var text = texts[index]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<text.count, using: &random)
        switch UInt8.random(in: 0..<3, using: &random) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &random)
        case 1: text.remove(at: at)
        default: text.insert(UInt8(ascii: "9"), at: at)
        }
      }
      _ = Self.isRead(text, index)
    }
  }

  private static func isRead(_ text: [UInt8], _ index: Int) -> Bool {
    if index == 0 { return (try? OperationPlan(json: text, file: "f")) != nil }
    return (try? OperationStatus(json: text, file: "f")) != nil
  }

  @Test func `a hundred thousand keys come back, a million and one are refused`() throws {
    let keys = (0..<100_000).map { KeyName("product:\($0):de") }
    let request = OperationRequest(.invalidate, .keys(keys), nodes: [NodeID("a")])
    let text = Array(request.json.utf8)
    #expect(text.count > JSON5Parser.maximumBytes)
    #expect(try OperationRequest(json: text, file: "f") == request)
    let most = [KeyName](repeating: KeyName("k"), count: OperationRequest.maximumKeys + 1)
    let many = OperationRequest(.invalidate, .keys(most), nodes: [])
    #expect(throws: DocumentError.self) {
      try OperationRequest(json: Array(many.json.utf8), file: "f")
    }
  }

  @Test func `an operation's name sorts by time and is safe as a file's name`() {
    let time = WallTime(rfc3339: "2026-11-25T16:55:12.9Z") ?? WallTime(microseconds: 0)
    #expect(OperationID.make(at: time, random: 0xAB3F_9A0C) == "20261125T165512-3f9a0c")
    #expect(OperationID.make(at: time, random: 0) == "20261125T165512-000000")
    #expect(OperationID.isValid("20261125T165512-3f9a0c"))
    for bad in ["", "../../etc/passwd-23456", "20261125T165512-3F9A0C", "20261125T165512-3f9a0"] {
      #expect(!OperationID.isValid(bad))
    }
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-22T12:04:31.25Z", 1_795_349_071_250_000),
      ("2026-11-22T13:04:31.250000999+01:00", 1_795_349_071_250_000),
      ("1969-12-31T23:59:59.999999Z", -1), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
      ("2023-02-29T00:00:00Z", nil), ("2026-13-01T00:00:00Z", nil), ("2026-11-22T24:00:00Z", nil),
      ("2026-11-22T12:04:31", nil), ("2026-11-22T12:04:31.Z", nil), ("0000-01-01T00:00:00Z", nil),
      ("2026-11-22T12:04:31Z ", nil), ("", nil), ("２026-11-22T12:04:31Z", nil),
    ] as [(String, Int64?)]) func `times in RFC 3339`(text: String, microseconds: Int64?)
  {
    let time = WallTime(rfc3339: text)
    #expect(time?.microseconds == microseconds)
    guard let time else { return }
    #expect(WallTime(rfc3339: CivilTime.rfc3339(time, fractionDigits: 6)) == time)
  }
}
