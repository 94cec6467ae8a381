import ConsoleModel
import EventLoop
import Glibc
import Operations
import Synchronization
import TestKit
import Testing

@Suite(.blocking, .timeLimit(.minutes(2))) struct WarmStreamTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a shell script and gives the program.
  private func script(
    _ body: String, wanted: [String]? = nil, silence: Double = 20, line: Int = 64 << 20
  ) throws -> WarmProgram {
    let path = try folder.write("loader", "#!/bin/sh\n" + body, mode: 0o700)
    return WarmProgram(
      command: ["sh", path], wanted: wanted?.map { KeyName($0) }, silenceSeconds: silence,
      maximumLine: line)
  }

  private func stream(_ program: WarmProgram) throws -> WarmStream {
    try WarmStream(program: program, now: { CopyFixture.now })
  }

  private func readAll(
    _ stream: WarmStream, batch: Int = 100
  ) async -> (records: [WarmRecord], failure: WarmFailure?) {
    var records: [WarmRecord] = []
    do throws(WarmFailure) {
      while let more = try await stream.next(batch) { records += more }
      return (records, nil)
    } catch {
      return (records, error)
    }
  }

  @Test func `a program gets the keys and its records are read`() async throws {
    let program = try script(
      #"""
      while IFS= read -r key; do
        case $key in *:3) continue ;; esac
        printf '%s\t60\tvalue of %s\n' "$key" "$key"
      done
      """#, wanted: (1...500).map { "product:\($0)" } + ["product:3"])
    let stream = try stream(program)
    let read = await readAll(stream, batch: 7)
    #expect(read.failure == nil)
    #expect(read.records.count == 499)
    #expect(
      read.records.first
        == WarmRecord(
          key: KeyName("product:1"), timeToLive: 60_000,
          expiresAt: CopyFixture.now.microseconds / 1000 + 60_000,
          value: .string(Array("value of product:1".utf8))))
    #expect(stream.report.missing == 1)
    #expect(stream.report.records == 499)
  }

  @Test func `keys with odd bytes reach the program escaped and come back`() async throws {
    let keys = [KeyName("a\nb"), KeyName("tab\there"), KeyName([0xFF, 0x00, 0x5C])]
    var program = try script(#"while IFS= read -r key; do printf '%s\t-\tv\n' "$key"; done"#)
    program.wanted = keys
    let stream = try stream(program)
    let read = await readAll(stream)
    #expect(read.records.map(\.key) == keys)
    #expect(stream.report.missing == 0 && stream.report.malformed == 0)
  }

  @Test func `malformed lines are counted, the first few with number and reason`() async throws {
    let program = try script(
      #"""
      printf 'a\t1\tone\n'; printf 'rubbish\n\n'; printf 'b\t0\tx\n'; printf '\377\n'
      for i in 1 2 3 4 5; do printf 'k\tx\tv\n'; done
      printf '%0100d\n' 0; printf 'c\t-\tlast without a newline'
      """#, line: 90)
    let stream = try stream(program)
    let read = await readAll(stream)
    #expect(read.failure == nil)
    #expect(read.records.map(\.key) == [KeyName("a"), KeyName("c")])
    #expect(stream.report.malformed == 10)
    #expect(stream.report.badLines.map(\.line) == [2, 3, 4, 5, 6])
    #expect(stream.report.badLines[2].reason.contains("would delete"))
  }

  @Test func `what nobody asked for, what comes twice and what is ours is not loaded`()
    async throws
  {
    let program = try script(
      #"printf 'a\t1\tx\nb\t1\tx\na\t1\ty\ncacheconsole:op\t1\tx\n'"#, wanted: ["a"])
    let stream = try stream(program)
    let read = await readAll(stream)
    #expect(read.records.map(\.value) == [.string(Array("x".utf8))])
    #expect(stream.report.unwanted == 3)
    let free = try self.stream(script(#"printf 'a\t1\tx\ncacheconsole:op\t1\tx\n'"#))
    #expect(await readAll(free).records.map(\.key) == [KeyName("a")])
    #expect(free.report.unwanted == 1 && free.report.missing == nil)
  }

  @Test func `an exit code is a failure that names the program and what it said`() async throws {
    let program = try script(
      #"printf 'a\t1\tx\n'; printf 'no \033[31mdatabase\nat db:5432\n' >&2; exit 3"#)
    let read = await readAll(try stream(program))
    #expect(read.records.count == 1)
    let failure = try #require(read.failure)
    #expect(failure.kind == .program)
    #expect(failure.description.contains("'sh' ended with exit code 3"))
    #expect(failure.description.contains(#"no \x1b[31mdatabase / at db:5432"#))
  }

  @Test func `half a line of a program that failed is not loaded`() async throws {
    let read = await readAll(try stream(script(#"printf 'a\t1\tx\nb\t1\thal'; kill -9 $$"#)))
    #expect(read.records.map(\.key) == [KeyName("a")])
    #expect(read.failure?.description.contains("signal 9") == true)
  }

  @Test func `a flood of errors is bounded and stops nothing`() async throws {
    let program = try script(
      #"i=0; while [ $i -lt 3000 ]; do echo "error number $i in a long line of text" >&2; i=$((i+1)); done"#
        + "\n" + #"printf 'a\t1\tx\n'; exit 1"#)
    let read = await readAll(try stream(program))
    #expect(read.records.count == 1)
    let text = try #require(read.failure).description
    #expect(text.contains("error number 2999") && text.utf8.count < 800)
  }

  @Test(arguments: ["/no/such/program", "no-such-program-anywhere", ""])
  func `a program that is not there is told`(name: String) async throws {
    let read = await readAll(try stream(WarmProgram(command: [name])))
    #expect(read.failure?.kind == .program)
    #expect(read.failure?.description.isEmpty == false)
  }

  @Test func `a program that closes its input and one that never reads it end well`() async throws {
    let keys = (0..<50_000).map { "product:with:a:long:name:\($0)" }
    for body in [#"exec <&-; printf 'product:with:a:long:name:1\t1\tx\n'"#, "exit 0"] {
      let stream = try stream(script(body, wanted: keys))
      #expect(await readAll(stream).failure == nil)
      #expect((stream.report.missing ?? 0) >= 49_999)
    }
  }

  @Test func `a silent program is ended with its group at its deadline`() async throws {
    let marker = folder.file("pids")
    let program = try script(
      "sleep 3600 & echo $! >>\(marker); echo $$ >>\(marker); wait", silence: 0.3)
    let start = EventLoop.now()
    let read = await readAll(try stream(program))
    #expect(read.failure?.description.contains("no sign of life") == true)
    #expect(start.duration(to: EventLoop.now()) < .seconds(30))
    try expectGone(marker, count: 2)
  }

  @Test func `cancelling ends a program and all that it started, also who ignores SIGTERM`()
    async throws
  {
    let marker = folder.file("pids")
    let program = try script(
      "trap '' TERM\nsleep 3600 & echo $! >>\(marker)\nprintf 'a\\t1\\tx\\n'; echo $$ >>\(marker)\n"
        + "while :; do sleep 1; done", silence: 3600)
    let stream = try stream(program)
    #expect(try await stream.next(1)?.count == 1)
    #expect(try await Eventually.holds(within: 20) { Self.lines(marker).count == 2 })
    stream.cancel()
    #expect(await readAll(stream).failure?.kind == .cancelled)
    try expectGone(marker, count: 2)
  }

  @Test func `a task that is cancelled, and a stream that is dropped, end the program`()
    async throws
  {
    for drops in [false, true] {
      let marker = folder.file("pids-\(drops)")
      let program = try script("echo $$ >\(marker); exec sleep 3600", silence: 3600)
      var stream: WarmStream? = try stream(program)
      #expect(try await Eventually.holds(within: 20) { Self.lines(marker).count == 1 })
      if !drops, let waiting = stream {
        let task = Task { try? await waiting.next(1) }
        task.cancel()
        #expect(await task.value == nil)
      }
      stream = nil
      try expectGone(marker, count: 1)
    }
  }

  @Test func `what a program leaves behind does not hold the warm-up`() async throws {
    let marker = folder.file("pids")
    let program = try script(
      "printf 'a\\t1\\tx\\n'; sleep 3600 & echo $! >\(marker); exit 0", silence: 3600)
    let read = await readAll(try stream(program))
    #expect(read.failure == nil && read.records.count == 1)
    try expectGone(marker, count: 1)
  }

  @Test func `a slow reader holds the program back, and is no silence`() async throws {
    // 20 MB in lines of about 1 KB: far more than the queue takes.
    let progress = folder.file("progress")
    let value = String(repeating: "v", count: 1000)
    let program = try script(
      """
      i=0; while [ $i -lt 20480 ]; do printf 'key:%d\\t60\\t\(value)\\n' $i; i=$((i+1))
      [ $((i % 512)) = 0 ] && echo $i >\(progress); done; :
      """, silence: 0.5)
    let stream = try stream(program)
    #expect(try await stream.next(1)?.count == 1)
    // It stands still once the queue and the pipe are full, for longer than its deadline for silence.
    var last = ""
    var since = Deadline(within: 1.2)
    #expect(
      try await Eventually.holds(within: 60) {
        let text = Self.lines(progress).first ?? ""
        if text != last {
          last = text
          since = Deadline(within: 1.2)
        }
        return !text.isEmpty && since.isPast
      })
    #expect((Int(last) ?? .max) < 12_000)
    var count = 1
    while let records = try await stream.next(1000) { count += records.count }
    #expect(count == 20_480)
  }

  @Test func `a file of copies streams with what is left of each life`() async throws {
    let path = folder.file("a.dump")
    let now = CopyFixture.now.microseconds / 1000
    try CopyFixture.write(
      (0..<8000).map {
        CopyRecord(
          key: Array("key:\($0)".utf8), payload: [1, 2, 3],
          expiresAt: $0 % 4 == 0 ? nil : now + Int64($0 % 4) * 1000 - 2000)
      }, to: path)
    let stream = try WarmStream(dump: path, now: { CopyFixture.now })
    let read = await readAll(stream, batch: 64)
    #expect(read.failure == nil)
    // Of four, one never expires, one has a second left, one is over and one just now.
    #expect(read.records.count == 4000)
    #expect(read.records.map(\.timeToLive).prefix(3) == [nil, 1000, nil])
    #expect(stream.report.expired == 4000 && stream.report.records == 8000)
    #expect(read.records[0].value == .dump([1, 2, 3]))
  }

  @Test func `what waits in the queue grows old there`() async throws {
    let clock = Mutex(CopyFixture.now)
    let program = try script(#"printf 'a\t10\tx\nb\t10\tx\nc\t5\tx\n'"#)
    let stream = try WarmStream(program: program, now: { clock.withLock { $0 } })
    #expect(try await stream.next(1)?.first?.timeToLive == 10_000)
    clock.withLock { $0 = WallTime(microseconds: $0.microseconds + 6_000_000) }
    let rest = await readAll(stream)
    #expect(rest.records.map(\.timeToLive) == [4000])
    #expect(stream.report.expired == 1)
  }

  @Test func `a damaged file gives its good records, then an error that counts them`()
    async throws
  {
    let path = folder.file("a.dump")
    try CopyFixture.write(CopyFixture.records(6), to: path)
    var bytes = try CopyFixture.bytes(path)
    bytes[bytes.count - 30_000] ^= 1
    try CopyFixture.put(bytes, path)
    let read = await readAll(
      try WarmStream(dump: path, now: { WallTime(seconds: 1_794_990_000) }))
    #expect(read.records.count == 5)
    #expect(read.failure?.kind == .file)
    #expect(read.failure?.description.contains("5 records were good") == true)
    let own = folder.file("own.dump")
    try CopyFixture.write(
      ["a", "cacheconsole:op:1", "b"].map {
        CopyRecord(key: Array($0.utf8), payload: [1], expiresAt: nil)
      }, to: own)
    let others = try WarmStream(dump: own, now: { CopyFixture.now })
    #expect(await readAll(others).records.map(\.key) == [KeyName("a"), KeyName("b")])
    #expect(others.report.unwanted == 1 && others.report.records == 3)
    let none = await readAll(
      try WarmStream(dump: folder.file("none"), now: { CopyFixture.now }))
    #expect(none.failure?.kind == .file)
  }

  private static func lines(_ path: String) -> [String] {
    (ChildProcess.readText(path) ?? "").split(separator: "\n").map(String.init)
  }

  /// The processes whose ids a script noted are gone.
  private func expectGone(_ marker: String, count: Int) throws {
    let processes = Self.lines(marker).compactMap { Int32($0) }
    #expect(processes.count == count)
    for process in processes {
      #expect(
        Eventually.holds(within: 20) {
          guard kill(process, 0) == 0 else { return true }
          // Without an init nobody takes its exit code: dead is enough.
          return ChildProcess.readText("/proc/\(process)/stat")?.contains(") Z ") ?? true
        }, "\(process) still runs")
    }
  }
}
