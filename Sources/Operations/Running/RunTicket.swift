package import ConsoleModel
package import Redis

/// Everything that a runner is given: the confirmed plan, where the servers are, and what it may do.
///
/// It reaches the runner through a pipe, because it holds passwords.
package struct RunTicket: Sendable {
  package struct Server: Sendable {
    package var node: NodeID
    package var endpoint: RedisEndpoint
    package var access: RedisAccess
    /// A slot of the cluster's shard that this is; nil: it is a server of its own.
    package var slot: Int?
    /// Who says where it is after a failover; nil: it is always there.
    package var sentinels: SentinelGroup?

    package init(
      node: NodeID, endpoint: RedisEndpoint, access: RedisAccess = RedisAccess(), slot: Int? = nil,
      sentinels: SentinelGroup? = nil
    ) {
      self.node = node
      self.endpoint = endpoint
      self.access = access
      self.slot = slot
      self.sentinels = sentinels
    }
  }

  package enum Mode: String, Sendable, CaseIterable {
    case start
    /// Go on where a runner was killed.
    case takeOver = "take-over"
  }

  package var plan: OperationPlan
  /// Shared by all copies of this ticket.
  private(set) var cluster = RunCluster()
  private(set) var following = RunSentinels()
  package var servers: [Server]
  /// Where nodes of the cluster are reached that announce other addresses.
  package var addresses: AddressMap
  package var mode: Mode
  /// The state folder: journal, copies, audit.
  package var folder: String
  package var thresholds: RunThresholds
  /// What the author's role allows; nil: no limit.
  package var keysPerMinute: UInt64?
  /// Act although no audit sink can be written; for administrators.
  package var isBreakGlass: Bool
  /// Who takes over; the author of the plan stays what it is.
  package var actor: OperationAuthor

  package init(
    plan: OperationPlan, servers: [Server], addresses: AddressMap = AddressMap(),
    mode: Mode = .start, folder: String,
    thresholds: RunThresholds = RunThresholds(), keysPerMinute: UInt64? = nil,
    isBreakGlass: Bool = false, actor: OperationAuthor? = nil
  ) {
    self.plan = plan
    self.servers = servers
    self.addresses = addresses
    self.mode = mode
    self.folder = folder
    self.thresholds = thresholds
    self.keysPerMinute = keysPerMinute
    self.isBreakGlass = isBreakGlass
    self.actor = actor ?? plan.author
  }
}

/// When a run slows down, waits, or ends by itself.
package struct RunThresholds: Sendable, Hashable {
  /// The probe's p99 in microseconds above which the run slows down: others wait that long, too.
  package var slowMicroseconds: Double = 3000
  /// The probe's p99 in microseconds that ends the run when it lasts for `abortSeconds`.
  package var abortMicroseconds: Double = 250_000
  package var abortSeconds: Double = 10
  /// Bytes, and seconds, that a replica may be behind before the run waits.
  package var replicaLagBytes: UInt64 = 16 << 20
  package var replicaLagSeconds: UInt64 = 3
  /// Objects waiting to be freed in the background before the run waits.
  package var lazyFreeObjects: UInt64 = 100_000
  /// Share of commands that may fail, once 100 were sent.
  package var errorShare: Double = 0.1
  /// Seconds without an answer from the server after which the run ends; it can be resumed.
  package var unreachableSeconds: Double = 60
  /// Seconds for which servers that failed are tried again while others are done: a day.
  package var retrySeconds: Double = 86_400
  /// Without a sign of life for so long, another may take over.
  package var leaseMilliseconds: UInt64 = Lease.lifeMilliseconds

  package init() {}
}
