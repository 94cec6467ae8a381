import ConsoleModel
import EventLoop
import Panels

/// Compares the servers' identities with those of earlier runs, once for each server and process.
struct IdentityKeeper {
  private let store: IdentityStore?
  private var known: [IdentityStore.Entry]
  /// What was compared already: node and run id.
  private var checked: [NodeID: String] = [:]

  init(environment: [String: String]) {
    store = Folders.state(environment).map { IdentityStore(folder: $0) }
    known = store?.load() ?? []
  }

  /// Another environment is on the screen: its nodes are compared anew.
  mutating func forget() { checked = [:] }

  mutating func check(_ snapshot: Snapshot, _ mailbox: Mailbox) {
    var isNews = false
    for node in snapshot.nodes {
      guard let runID = node.identity?.runID, checked[node.id] != runID else { continue }
      isNews = true
    }
    // The demo's server is new each time: nothing to remember.
    guard isNews, snapshot.environment != Startup.demo else { return }
    let merged = IdentityStore.merge(known, with: snapshot)
    known = merged.entries
    for node in snapshot.nodes {
      guard let runID = node.identity?.runID else { continue }
      let isFirst = checked.updateValue(runID, forKey: node.id) == nil
      // A change while we watch is announced by the collectors.
      guard isFirst else { continue }
      for line in merged.changes where line.hasPrefix("\(node.id.rawValue) (") {
        mailbox.post(.notice(Toast(.warning, line)))
      }
    }
    // fsync may take long: not on the screen's thread.
    if let store {
      let entries = known
      try? BlockingWork.run(name: "identities") { store.save(entries) }
    }
  }
}
