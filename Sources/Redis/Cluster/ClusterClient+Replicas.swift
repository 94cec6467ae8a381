internal import EventLoop

/// Replicas that should have a change before its answer comes, and how long their primary waits for
/// them: WAIT, <https://redis.io/docs/latest/commands/wait/>.
///
/// It makes a loss less likely and no more: a primary that is cut off still takes what it cannot keep,
/// and a replica without the change may be promoted where a primary has several.
package struct ReplicaWait: Sendable, Hashable {
  /// At least 1.
  package var replicas: Int
  /// At most half of the time that the command has.
  package var timeout: Duration

  package init(replicas: Int = 1, timeout: Duration) {
    self.replicas = replicas
    self.timeout = timeout
  }

  func command(until deadline: EventLoop.Instant?, now: EventLoop.Instant) -> RedisCommand {
    var time = timeout
    // Unanswered because of a WAIT that lasts too long, the changes before it would be open too.
    if let deadline { time = min(time, now.duration(to: deadline) / 2) }
    // 0 would be without end.
    return RedisCommand(
      "WAIT", "\(max(1, replicas))", "\(max(1, time.nanoseconds / 1_000_000))")
  }
}

extension ClusterClient {
  /// What became of a command, and how many replicas are known to have its change.
  package struct ReplicatedAnswer: Sendable {
    package var result: Result<RESPValue, RedisError>
    /// 0 where none had it in time, where nothing was changed, and where it is not known.
    package var replicas: Int

    package init(result: Result<RESPValue, RedisError>, replicas: Int) {
      self.result = result
      self.replicas = replicas
    }
  }

  /// As `pipeline`, with one WAIT behind the commands for each node, on the same connection.
  ///
  /// WAIT blocks its connection, so that these batches go over the node clients' connections for
  /// commands that block; more of them at a time than a node has try again until one is free. The node
  /// clients' gate must let WAIT through.
  nonisolated(nonsending) package func pipeline(
    _ commands: [RedisCommand], waitingFor wait: ReplicaWait, action: String,
    timeout: Duration? = nil
  ) async -> [ReplicatedAnswer] {
    let pipeline = await finished(commands, wait, action, until: deadline(timeout))
    return zip(pipeline.answers, pipeline.replicas).map {
      ReplicatedAnswer(result: $0, replicas: $1)
    }
  }
}
