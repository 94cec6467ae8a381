internal import ConsoleModel
package import Redis

/// What a Sentinel says of the masters that it watches, out of its INFO.
package struct SentinelView: Sendable, Hashable {
  package struct Master: Sendable, Hashable {
    package var name: String
    /// Where its present primary is.
    package var address: NodeAddress
    /// `ok`, `sdown` (this Sentinel cannot reach it), `odown` (enough of them agree).
    package var status: String
    package var replicas: UInt64?
    /// Sentinels that watch it, this one included.
    package var sentinels: UInt64?
  }

  package var masters: [Master] = []

  /// Names of one Sentinel's masters that are believed.
  static let maximumMasters = 256

  /// nil where the server is no Sentinel.
  package init?(_ info: InfoReply) {
    guard info.mode == "sentinel" else { return nil }
    for field in info.fields(of: "sentinel") where masters.count < Self.maximumMasters {
      guard field.name.hasPrefix("master"), field.name.dropFirst(6).allSatisfy(\.isNumber) else {
        continue
      }
      var parts: [Substring: Substring] = [:]
      for (name, value) in InfoReply.pairs(field.value) { parts[name] = value }
      guard let name = parts["name"],
        let at = parts["address"].flatMap({ NodeAddress(parsing: $0) })
      else { continue }
      masters.append(
        Master(
          name: String(name), address: at, status: String(parts["status"] ?? ""),
          replicas: parts["slaves"].flatMap { ServerNumber.unsigned(String($0)) },
          sentinels: parts["sentinels"].flatMap { ServerNumber.unsigned(String($0)) }))
    }
  }
}
