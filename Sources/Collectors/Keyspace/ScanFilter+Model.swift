package import ConsoleModel
package import Redis

extension ScanFilter {
  /// The screen's filter as the scanner's.
  package init(_ filter: KeyFilter) {
    self.init()
    types = filter.types.map { Set($0) }
    bytes = filter.bytes
    idleSeconds = filter.idleSeconds
    switch filter.life {
    case .within(let range): timeToLive = range
    case .limited: persistent = false
    case .persistent: persistent = true
    case nil: break
    }
  }
}
