package import ConsoleModel

/// A program that prints the values of a warm-up: `RecordText` says how.
///
/// It reads the keys that are wanted from its standard input, one a line, in the same escapes. What it
/// writes to standard error is kept for the error. It has a process group of its own, and ends with it.
package struct WarmProgram: Sendable {
  /// The program (a path, or a name in PATH) and its arguments.
  package var command: [String]
  /// The keys that are wanted; nil: whatever it prints.
  package var wanted: [KeyName]?
  /// `NAME=value`; nil: this process's own.
  package var environment: [String]?
  /// Seconds without a sign of life (a byte printed, a key read) after which it is ended.
  package var silenceSeconds: Double
  /// Bytes of a line at most; a longer one is counted as malformed.
  package var maximumLine: Int

  package init(
    command: [String], wanted: [KeyName]? = nil, environment: [String]? = nil,
    silenceSeconds: Double = 60, maximumLine: Int = 64 << 20
  ) {
    self.command = command
    self.wanted = wanted
    self.environment = environment
    self.silenceSeconds = silenceSeconds
    self.maximumLine = maximumLine
  }
}
