import Redis
import TestKit

/// Commands of the forms that the gate lists, made from the forms themselves.
enum GateSamples {
  /// As short and as long as the form allows, and one with each option alone.
  static func of(_ form: CommandForm, key: String = "string") -> [[String]] {
    let name = words(of: form.statName)[0].uppercased()
    let required = [name] + form.required.flatMap { choices($0, key)[0...0] }
    var samples = [required]
    for (index, part) in form.required.enumerated() {
      for other in choices(part, key).dropFirst() {
        var sample = required
        sample[index + 1] = other
        samples.append(sample)
      }
    }
    if let repeated = form.repeated { samples.append(required + choices(repeated, key)) }
    for option in form.options { samples.append(required + option.map { choices($0, key)[0] }) }
    if form.options.count > 1 {
      samples.append(required + form.options.reversed().flatMap { $0.map { choices($0, key)[0] } })
    }
    return samples
  }

  static var all: [[String]] {
    (CommandGate.serverReads + CommandGate.keyReads).flatMap { of($0) }
  }

  /// One of the type that the command reads.
  static func key(for name: String) -> String {
    switch name.prefix(1) {
    case "h": "hash"
    case "l" where name == "lindex" || name == "llen" || name == "lrange": "list"
    case "s" where name.contains("scard") || name.contains("member") || name == "sscan": "set"
    case "z": "zset"
    case "x": "stream"
    default: "string"
    }
  }

  static func words(of statName: String) -> [String] {
    statName.split(separator: "|").map(String.init)
  }

  static func command(_ words: [String]) -> RedisCommand {
    RedisCommand(words.first ?? "", Array(words.dropFirst()))
  }

  /// What the part takes; all of a few where it is a choice.
  private static func choices(_ part: CommandForm.Part, _ key: String) -> [String] {
    switch part {
    case .any: [key]
    case .words(let words): words
    case .integer(let range): ["\(max(range.lowerBound, min(1, range.upperBound)))"]
    case .cursor: ["0"]
    case .score: ["1", "(1.5", "-inf"]
    case .streamID: ["-", "+"]
    case .token: ["default"]
    case .setting: ["maxmemory", "maxmemory-policy"]
    }
  }

  static func fill(_ server: RedisServer) throws {
    let connection = try server.connect()
    _ = try connection.pipeline([
      ["SET", "string", "value"], ["HSET", "hash", "f", "v"], ["RPUSH", "list", "a", "b"],
      ["SADD", "set", "a", "b"], ["ZADD", "zset", "1", "a", "2.5", "b"],
      ["XADD", "stream", "1-1", "f", "v"], ["XGROUP", "CREATE", "stream", "group", "$"],
      ["PFADD", "hll", "a"], ["SET", "mortal", "1", "EX", "100000"],
    ])
  }
}
