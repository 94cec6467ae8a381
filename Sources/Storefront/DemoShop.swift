/// The shop at work on the demo's server.
final class DemoShop: Sendable {
  init(socket: String, options: DemoOptions, report: DemoReport) throws(DemoFailure) {}
  func refill() {}
  func stop() {}
}
