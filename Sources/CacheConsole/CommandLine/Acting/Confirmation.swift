import ConsoleModel
import Glibc
import Operations
import Panels
import Terminal

/// What a person has to type before a plan runs from the shell: the same as on the screen, in words.
struct Confirmation {
  let options: ActionOptions

  /// - Parameter show: prints the plan, before anybody is asked.
  /// - Returns: the plan with its reason, and its hash anew.
  func confirm(
    _ plan: OperationPlan, show: () -> Void
  ) throws(StartError) -> OperationPlan {
    let isProduction = plan.environment.environmentClass == .production
    var plan = plan
    if options.isConfirmed {
      if isProduction, !Self.isReason(plan.request.reason) {
        throw .usage(
          "in production a reason of at least \(Dialog.reasonLetters) letters is needed:"
            + " --reason 'why'")
      }
      if let text = plan.confirmationText, options.confirmation != text {
        let given = options.confirmation.map { "'\(Printable.line($0, limit: 80))' is not it" }
        throw .failed(
          "not confirmed: \(given ?? "--yes alone is not enough here"): this plan takes"
            + " --confirm \(ShellWord.quoted(text))")
      }
      return plan.hashed()
    }
    guard isatty(0) == 1 else {
      throw .usage(
        "not confirmed: there is no terminal to ask on; look with --dry-run, then add --yes"
          + (isProduction ? " --reason 'why'" : "")
          + (plan.confirmationText.map { " --confirm \(ShellWord.quoted($0))" } ?? ""))
    }
    show()
    if isProduction, !Self.isReason(plan.request.reason) {
      plan.request.reason = try ask("Why? ")
      guard Self.isReason(plan.request.reason) else {
        throw .failed("cancelled: no reason was given; nothing was changed")
      }
    }
    if let text = plan.confirmationText {
      guard try ask("Type \(text) to go on: ") == text else {
        throw .failed("cancelled: that is not it; nothing was changed")
      }
    }
    guard try ask("\(plan.request.verb)? y/N ").lowercased() == "y" else {
      throw .failed("cancelled: nothing was changed")
    }
    return plan.hashed()
  }

  /// Says on standard error what would be gone on with, by its plan, and asks where somebody can answer;
  /// without a terminal the operation's name on the command line is the confirmation.
  func confirm(takeOverOf plan: OperationPlan) throws(StartError) {
    for line in PlanText.origin(plan) { StandardStreams.complain(line) }
    guard isatty(0) == 1 else { return }
    guard try ask("take it over? y/N ").lowercased() == "y" else {
      throw .failed("cancelled: nothing was changed")
    }
  }

  /// The dialog's rule.
  private static func isReason(_ text: String) -> Bool {
    text.unicodeScalars.count { $0.properties.isAlphabetic } >= Dialog.reasonLetters
  }

  /// One line from the terminal, without its end; what was typed ahead of the question is thrown away.
  private func ask(_ question: String) throws(StartError) -> String {
    _ = tcflush(0, TCIFLUSH)
    StandardStreams.write(Array(question.utf8), to: 2)
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 4096 {
      let count = unsafe read(0, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw .failed("cancelled: nothing was changed") }
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    return String(decoding: line, as: UTF8.self)
  }
}
