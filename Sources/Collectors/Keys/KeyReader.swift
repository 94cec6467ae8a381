package import ConsoleModel
package import Redis

/// Reads what is known of keys, and their values in pages; personal data leaves the server only
/// where the right to reveal it was granted *and* asked for.
package struct KeyReader: Sendable {
  private let probe: Probe
  private let personalData: PersonalDataPolicy
  private let access: Access

  /// Bytes of a string, elements of anything else, that one page holds.
  package static let pageBytes = 65_536
  package static let pageElements = 200

  package init(probe: Probe, personalData: PersonalDataPolicy, access: Access) {
    self.probe = probe
    self.personalData = personalData
    self.access = access
  }

  /// Rows of the key list. A key that cannot be described stays a row with its name.
  ///
  /// - Parameter policy: `maxmemory_policy`, which decides whether idle time or frequency is kept.
  package func describe(
    _ keys: [KeyName], policy: String?
  ) async throws(Fault) -> [KeySummary] {
    do throws(RedisError) {
      let descriptions = try await probe.describe(keys.map(\.bytes), use: Self.measure(policy))
      let missing = descriptions.first?.missing ?? [:]
      let notOffered = Self.notOffered(missing)
      return descriptions.map { description in
        summary(
          description,
          description.missing == missing ? notOffered : Self.notOffered(description.missing))
      }
    } catch {
      throw Fault(error)
    }
  }

  /// One page of a value; a failure is inside the answer, so that the screen can show it there.
  package func inspect(
    _ request: KeyInspectionRequest, policy: String?
  ) async -> KeyInspection {
    var inspection = KeyInspection(
      id: request.id, summary: KeySummary(key: request.key), value: .gone, length: nil,
      page: request.page, nextPage: nil)
    inspection.summary.isPersonal = personalData.covers(request.key.bytes)
    do throws(RedisError) {
      let described = try await probe.describe([request.key.bytes], use: Self.measure(policy))
      guard let description = described.first else { return inspection }
      // Without TYPE nobody knows whether it is there.
      if let error = description.missing[.type] { throw error }
      guard description.exists, let type = description.type else { return inspection }
      inspection.summary = summary(description, Self.notOffered(description.missing))
      if inspection.summary.isPersonal, !(request.reveal && access.mayReveal) {
        inspection.value = .masked
        return inspection
      }
      let page = try await probe.valuePage(
        of: request.key.bytes, type: type, at: Self.position(request.page),
        count: type == "string" ? Self.pageBytes : Self.pageElements)
      inspection.value = Self.value(page.value)
      inspection.length = page.length
      inspection.nextPage = page.next.map(Self.position)
    } catch {
      inspection.fault = Fault(error)
    }
    return inspection
  }

  private static func notOffered(
    _ missing: [KeyDescription.Figure: RedisError]
  ) -> [KeySummary.Figure: String] {
    var texts: [KeySummary.Figure: String] = [:]
    for (figure, error) in missing { texts[Self.figure(figure)] = error.notOffered }
    return texts
  }

  private static func figure(_ figure: KeyDescription.Figure) -> KeySummary.Figure {
    switch figure {
    case .type: .type
    case .timeToLive: .timeToLive
    case .memory: .memory
    case .encoding: .encoding
    case .use: .use
    }
  }

  private func summary(
    _ description: KeyDescription, _ notOffered: [KeySummary.Figure: String]
  ) -> KeySummary {
    let timeToLive: KeySummary.TimeToLive? =
      switch description.timeToLive {
      case .persistent: .persistent
      case .milliseconds(let milliseconds): .milliseconds(milliseconds)
      case .gone: .gone
      case nil: nil
      }
    var summary = KeySummary(
      key: KeyName(description.key), type: description.type, timeToLive: timeToLive,
      memoryBytes: description.memoryBytes, encoding: description.encoding,
      idleSeconds: description.idleSeconds, frequency: description.frequency,
      isPersonal: personalData.covers(description.key))
    summary.notOffered = notOffered
    return summary
  }

  /// LFU policies keep a frequency and no idle time; asking for the other is an error.
  private static func measure(_ policy: String?) -> Probe.UseMeasure {
    guard let policy else { return .none }
    return policy.hasSuffix("-lfu") ? .frequency : .idleTime
  }

  // MARK: The client's values as the screen's

  private static func position(_ page: PagePosition) -> ValuePage.Position {
    switch page {
    case .start: .start
    case .offset(let offset): .offset(offset)
    case .cursor(let cursor): .cursor(cursor)
    case .streamID(let id): .streamID(id)
    }
  }

  private static func position(_ position: ValuePage.Position) -> PagePosition {
    switch position {
    case .start: .start
    case .offset(let offset): .offset(offset)
    case .cursor(let cursor): .cursor(cursor)
    case .streamID(let id): .streamID(id)
    }
  }

  private static func value(_ value: ValuePage.Value) -> KeyInspection.Value {
    switch value {
    case .string(let bytes): .string(bytes)
    case .hash(let pairs): .hash(pairs.map { .init(field: $0.first, value: $0.second) })
    case .list(let elements): .list(elements)
    case .set(let elements): .set(elements)
    case .sortedSet(let pairs):
      .sortedSet(pairs.map { .init(member: $0.first, score: $0.second) })
    case .stream(let entries):
      .stream(
        entries.map { entry in
          .init(
            id: entry.id,
            fields: entry.fields.map { .init(field: $0.first, value: $0.second) })
        })
    case .opaque(let type): .opaque(type: type)
    case .gone: .gone
    }
  }
}
