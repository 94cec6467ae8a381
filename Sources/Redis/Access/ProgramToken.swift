package import EventLoop
private import Glibc

/// A token that a program prints: the token on the first line, and on a second one, if there is one,
/// `expires_in SECONDS`.
package struct ProgramToken: TokenProvider, Hashable {
  /// The program and its arguments; a name without a slash is searched for in PATH.
  package var command: [String]

  package init(_ command: [String]) { self.command = command }

  /// The life of a token of which the program does not tell it: that of ElastiCache's IAM tokens.
  package static let standardLife = Duration.seconds(900)
  /// Seconds that `expires_in` accepts: a year at most.
  private static let lives: ClosedRange<UInt64> = 1...31_536_000
  /// Bytes of output; an IAM token with a session has about 2 KiB.
  private static let limit = 64 << 10
  /// Programs at once in this process: each is a process of its own, some of them an interpreter.
  private static let slots = Slots(4)

  package func token(
    on loop: EventLoop, until deadline: EventLoop.Instant
  ) async throws(TokenFailure) -> Token {
    switch await Self.slots.take(on: loop, until: deadline) {
    case .taken: break
    case .timeout:
      throw TokenFailure("token programs that were started earlier have not ended", isTimeout: true)
    case .cancelled: throw TokenFailure("cancelled")
    }
    let answer = FirstAnswer<Result<Token, TokenFailure>>()
    do throws(SystemError) {
      try BlockingWork.run(name: "token") {
        // The place is free when the process is gone, not when nobody waits for it any more.
        defer { Self.slots.give() }
        answer.give(Result { () throws(TokenFailure) in try run(until: deadline) })
      }
    } catch {
      Self.slots.give()
      throw TokenFailure("no thread for the program '\(name)': \(error.reason)")
    }
    return try await answer.wait(
      on: loop, until: deadline.advanced(by: .seconds(1)), late: .failure(timeout),
      cancelled: .failure(TokenFailure("cancelled"))
    ).get()
  }

  private var name: String { PlainText.safe(command.first ?? "", limit: 80) }

  private var timeout: TokenFailure {
    TokenFailure(
      "the program '\(name)' did not end in time and was ended",
      nextStep: "does it wait for input?",
      isTimeout: true)
  }

  private func run(until deadline: EventLoop.Instant) throws(TokenFailure) -> Token {
    let capture: ProgramCapture
    do throws(SpawnError) {
      capture = try ProgramCapture.run(command, limit: Self.limit, until: deadline)
    } catch {
      throw TokenFailure(
        "the program '\(name)' cannot start: "
          + (error.code == ENOENT
            ? "it is not there, or may not be started" : PlainText.safe("\(error)")),
        nextStep: "give a full path, or a name in PATH")
    }
    switch capture.ending {
    case .exit(0): break
    case .exit(let code): throw said(capture, "ended with exit code \(code)")
    case .signal(let number): throw said(capture, "was ended by signal \(number)")
    case .tooMuch: throw said(capture, "printed more than \(Self.limit >> 10) KiB and was ended")
    case .timeout:
      var failure = timeout
      if let line = Self.firstLine(capture.errors) { failure.message += "; it said: " + line }
      throw failure
    }
    return try Self.parse(capture.output, said(capture, "printed no token"), name)
  }

  private func said(_ capture: ProgramCapture, _ what: String) -> TokenFailure {
    let line = Self.firstLine(capture.errors)
    return TokenFailure(
      "the program '\(name)' \(what); "
        + (line.map { "it said: " + $0 } ?? "it wrote nothing to standard error"))
  }

  private static func firstLine(_ bytes: [UInt8]) -> String? {
    bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).first.map {
      PlainText.safe($0, limit: 200)
    }
  }

  /// - Parameter empty: what to say where there is no token. What was printed is never quoted: it may be
  ///   one.
  static func parse(
    _ output: [UInt8], _ empty: TokenFailure, _ name: String
  ) throws(TokenFailure) -> Token {
    let lines = output.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      Array(line.last == 0x0D ? line.dropLast() : line)
    }
    guard let token = lines.first, !token.isEmpty else { throw empty }
    guard token.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw TokenFailure(
        "the program '\(name)' printed a token with a blank or a control character")
    }
    var life = standardLife
    var rest = lines.dropFirst()
    while rest.last?.isEmpty == true { rest.removeLast() }
    if let line = rest.popFirst() {
      let words = line.split(separator: 0x20)
      guard words.count == 2, words[0].elementsEqual("expires_in".utf8),
        let seconds = Decimal64.unsigned(words[1]), lives.contains(seconds)
      else {
        throw TokenFailure(
          "the second line of the program '\(name)' is not: expires_in SECONDS, with 1 to"
            + " \(lives.upperBound) seconds")
      }
      life = .seconds(Int64(seconds))
    }
    guard rest.isEmpty else {
      throw TokenFailure(
        "the program '\(name)' printed more than a token and its expires_in line")
    }
    return Token(secret: Secret(token), life: life)
  }
}
