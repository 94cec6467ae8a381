package import ConsoleModel
internal import Documents
internal import EventLoop
private import Glibc
private import Redis

/// Starts a runner: a process with a session of its own, which the end of this one does not touch.
package enum RunLauncher {
  /// The hidden subcommand.
  package static let command = "operation-runner"

  /// The running binary, by a path that works also after the file was replaced or moved.
  package static let ownProgram = "/proc/self/exe"

  /// What a runner tells while somebody listens.
  package enum Report: Sendable {
    /// It has its ticket: this process may end.
    case handed
    case status(OperationStatus)
    /// It has ended; nil: as it should, its last status has told how.
    case ended(problem: String?)
  }

  /// Starts it and hands it the ticket through a pipe.
  ///
  /// - Parameters:
  ///   - program: the running binary itself by default.
  ///   - secrets: environment variables that it does not inherit, nor the loader that it may start:
  ///     the ticket has the passwords.
  ///   - report: called on a thread of its own until the runner has ended.
  /// - Returns: the runner's process id.
  @discardableResult
  package static func start(
    _ ticket: RunTicket, program: String = Self.ownProgram,
    withoutVariables secrets: Set<String> = [],
    report: @escaping @Sendable (Report) -> Void
  ) throws(RunLaunchError) -> Int32 {
    // It names the run's folder.
    guard OperationID.isValid(ticket.plan.id) else {
      throw RunLaunchError(
        "'\(PlainText.safe(ticket.plan.id, limit: 40))' is no operation's name: plan again")
    }
    let folder = RunFolder(state: ticket.folder, operation: ticket.plan.id)
    // What a crash would say; without a folder it is lost, the run is not.
    var log: Int32 = -1
    if (try? folder.make()) != nil {
      log = unsafe open(
        "\(folder.path)/runner.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }
    defer { if log >= 0 { close(log) } }
    let process: Int32
    let input: (reader: Int32, writer: Int32)
    let output: (reader: Int32, writer: Int32)
    do throws(SpawnError) {
      input = try Spawn.pipe()
      output = try Spawn.pipe()
      defer {
        close(input.reader)
        close(output.writer)
      }
      var spawn = Spawn(program, [command])
      spawn.arguments[0] = "cacheconsole"
      spawn.standardInput = input.reader
      spawn.standardOutput = output.writer
      spawn.standardError = log >= 0 ? log : nil
      spawn.hasOwnSession = true
      spawn.workingDirectory = "/"
      spawn.environment = Spawn.ownEnvironment(without: secrets)
      process = try spawn.start()
    } catch {
      throw RunLaunchError("the operation's runner cannot be started: \(error)")
    }
    let text = Array(ticket.json.utf8)
    let (writer, reader) = (input.writer, output.reader)
    do throws(SystemError) {
      try BlockingWork.run(name: "runner") {
        let isHanded = FileWriter.write(text, to: writer)
        close(writer)
        if isHanded { report(.handed) }
        listen(to: reader, report)
        close(reader)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
        report(.ended(problem: problem(status, isHanded, folder)))
      }
    } catch {
      kill(process, SIGKILL)
      close(writer)
      close(reader)
      throw RunLaunchError("the operation's runner cannot be watched: \(error)")
    }
    return process
  }

  private static func listen(
    to descriptor: Int32, _ report: @Sendable (Report) -> Void
  ) {
    var buffer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      buffer += chunk.prefix(count)
      while let end = buffer.firstIndex(of: 0x0A) {
        let line = Array(buffer[..<end])
        buffer.removeSubrange(...end)
        if let status = try? OperationStatus(json: line, file: "the runner") {
          report(.status(status))
        }
      }
      if buffer.count > 1 << 20 { buffer = [] }
    }
  }

  /// Exit 0 and 1 are ends that the status has told.
  private static func problem(_ status: Int32, _ isHanded: Bool, _ folder: RunFolder) -> String? {
    let signal = status & 0x7F
    if signal == 0, status >> 8 & 0xFF <= 1, isHanded { return nil }
    if signal == 0, status >> 8 & 0xFF == RunnerProcess.superseded {
      return "another runner has taken the operation over: it goes on there"
    }
    let how = signal == 0 ? "with code \(status >> 8 & 0xFF)" : "by signal \(signal)"
    return "the operation's runner ended \(how); what it said is in \(folder.path)/runner.log;"
      + " the operation can be taken over"
  }
}

/// Why no runner could be started.
package struct RunLaunchError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String

  init(_ description: String) { self.description = description }
}
