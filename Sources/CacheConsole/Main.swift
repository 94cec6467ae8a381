private import Glibc

/// The process: nothing but the shell around `Program`.
@main
enum Main {
  static func main() {
    // First of all: a peer that goes away is an error of that call, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    // So is a file at the limit of its size (ulimit -f).
    _ = signal(SIGXFSZ, SIG_IGN)
    ProcessLimits.raiseDescriptors()
    exit(Program.run(Array(CommandLine.arguments.dropFirst())))
  }
}
