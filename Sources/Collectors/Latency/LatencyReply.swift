package import ConsoleModel
package import Redis

/// Replies of LATENCY HISTOGRAM and LATENCY LATEST.
package enum LatencyReply {
  /// More commands than any server has.
  private static let maximumCommands = 2048

  /// `[name, [calls, n, histogram_usec, [bound, count, …]], …]`; nil if it is not a flat map.
  package static func histograms(_ value: RESPValue) -> [String: LatencyHistogram]? {
    guard let items = value.array else { return nil }
    var result: [String: LatencyHistogram] = [:]
    for index in stride(from: 0, to: items.count - 1, by: 2) where result.count < maximumCommands {
      guard let name = items[index].text, let details = items[index + 1].array else { continue }
      for at in stride(from: 0, to: details.count - 1, by: 2)
      where details[at].text == "histogram_usec" {
        guard let flat = details[at + 1].array else { continue }
        let pairs = stride(from: 0, to: flat.count - 1, by: 2).compactMap {
          index -> (upperBound: UInt64, count: UInt64)? in
          guard let bound = flat[index].unsigned, let count = flat[index + 1].unsigned else {
            return nil
          }
          return (bound, count)
        }
        result[name.lowercased()] = LatencyHistogram(cumulative: pairs)
      }
    }
    return result
  }

  /// `[[name, unix time, latest ms, worst ms], …]`, newest first.
  package static func events(_ value: RESPValue) -> [LatencyEvent]? {
    guard let rows = value.array else { return nil }
    return rows.prefix(64).compactMap { row -> LatencyEvent? in
      guard let fields = row.array, fields.count >= 4, let name = fields[0].text,
        let at = fields[1].unsigned, let latest = fields[2].unsigned,
        let worst = fields[3].unsigned
      else { return nil }
      return LatencyEvent(
        name: String(name.prefix(64)), at: WallTime(seconds: Int64(clamping: min(at, 1 << 40))),
        latestMilliseconds: latest, worstMilliseconds: worst)
    }.sorted { $1.at < $0.at }
  }
}
