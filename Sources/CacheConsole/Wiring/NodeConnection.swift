import Collectors
import ConsoleModel
import EventLoop
import Panels
import Redis

/// One server's connections: reads for everyone, changes only for those who may.
///
/// A read-only process never builds the `Mutator`: there is nothing to misuse.
struct NodeConnection: Sendable {
  let id: NodeID
  let probe: Probe
  let searcher: KeySearcher
  let reader: KeyReader
  let mutator: Mutator?

  init(
    _ server: ServerPlan, personalData: PersonalDataPolicy, access: Access, loop: EventLoop,
    resolver: Resolver, mailbox: Mailbox
  ) {
    id = server.id
    probe = Probe(
      endpoint: server.endpoint, password: server.password, loop: loop, resolver: resolver)
    searcher = KeySearcher(probe: probe, loop: loop) { mailbox.post(.keySearch($0)) }
    reader = KeyReader(probe: probe, personalData: personalData, access: access)
    mutator =
      access.isReadOnly
      ? nil
      : Mutator(endpoint: server.endpoint, password: server.password, loop: loop)
  }

  func close() {
    searcher.stop()
    probe.close()
  }
}
