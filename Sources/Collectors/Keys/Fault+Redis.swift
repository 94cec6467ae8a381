package import ConsoleModel
package import Redis

extension Fault {
  /// The client's error as the screen knows it; the fields are the same.
  package init(_ error: RedisError) {
    self.init(
      kind: Kind(rawValue: error.kind.rawValue) ?? .server, endpoint: error.endpoint,
      action: error.action, message: error.message, nextStep: error.nextStep)
  }
}
