import ConsoleModel
import Testing

@testable import Panels

@Suite("What the servers hold together, on the overview")
struct OverviewLinesTests {
  @Test(
    "a replica's keys are its primary's, and count once",
    arguments: [(true, "6/6 live  keys 1.2M "), (false, "6/6 live  keys 2.4M ")])
  func keys(isCluster: Bool, text: String) {
    let desk = Desk(.showOverview, nodes: Topologies.nodes) { snapshot in
      if isCluster { snapshot.topologies = [Topologies.cluster()] }
    }
    #expect(desk.shows("servers \(text)"))
  }
}
