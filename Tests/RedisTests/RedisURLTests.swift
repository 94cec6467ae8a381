import Redis
import Testing

@Suite struct RedisURLTests {
  struct Accepted: Sendable, CustomTestStringConvertible {
    var text: String
    var address: RedisEndpoint.Address
    var user: String?
    var password: String?
    var database = 0
    var testDescription: String { text }
  }

  static let accepted: [Accepted] = [
    .init(text: "redis://localhost", address: .tcp(host: "localhost", port: 6379)),
    .init(text: "redis://", address: .tcp(host: "localhost", port: 6379)),
    .init(
      text: "redis://10.0.0.1:7000/3", address: .tcp(host: "10.0.0.1", port: 7000), database: 3),
    .init(
      text: "redis://u:p@h:1/2", address: .tcp(host: "h", port: 1), user: "u", password: "p",
      database: 2),
    .init(text: "redis://:p%40ss%3A@h", address: .tcp(host: "h", port: 6379), password: "p@ss:"),
    .init(text: "redis://u@h", address: .tcp(host: "h", port: 6379), user: "u"),
    .init(
      text: "redis://u:a@b@h:5", address: .tcp(host: "h", port: 5), user: "u", password: "a@b"),
    .init(
      text: "redis://u:a:b@h", address: .tcp(host: "h", port: 6379), user: "u", password: "a:b"),
    .init(text: "redis://[::1]:6380", address: .tcp(host: "::1", port: 6380)),
    .init(text: "redis://[fe80::1%25eth0]", address: .tcp(host: "fe80::1%eth0", port: 6379)),
    .init(text: "[fe80::1%eth0]:1", address: .tcp(host: "fe80::1%eth0", port: 1)),
    .init(text: "[2001:db8::7]:9/1", address: .tcp(host: "2001:db8::7", port: 9), database: 1),
    .init(text: "[::1]", address: .tcp(host: "::1", port: 6379)),
    .init(text: "host", address: .tcp(host: "host", port: 6379)),
    .init(text: "host:65535", address: .tcp(host: "host", port: 65535)),
    .init(text: " REDIS://Host:1 ", address: .tcp(host: "Host", port: 1)),
    .init(text: "redis://h/", address: .tcp(host: "h", port: 6379)),
    .init(text: "redis://h?db=4", address: .tcp(host: "h", port: 6379), database: 4),
    .init(text: "unix:///run/redis.sock", address: .unix(path: "/run/redis.sock")),
    .init(text: "unix:///run/r.sock?db=1", address: .unix(path: "/run/r.sock"), database: 1),
    .init(
      text: "unix://:secret@/run/r.sock", address: .unix(path: "/run/r.sock"), password: "secret"),
    .init(text: "unix:///run/a%20b.sock", address: .unix(path: "/run/a b.sock")),
    .init(text: "/run/redis.sock", address: .unix(path: "/run/redis.sock")),
    .init(text: "./redis.sock?db=2", address: .unix(path: "./redis.sock"), database: 2),
  ]

  @Test(arguments: accepted) func `URLs are read as people write them`(_ row: Accepted) throws {
    let url = try RedisURL(parsing: row.text)
    #expect(url.endpoint.address == row.address)
    #expect(url.endpoint.user == row.user)
    #expect(url.password?.reveal() == row.password.map { Array($0.utf8) })
    #expect(url.endpoint.database == row.database)
  }

  @Test func `rediss is TLS, nothing else is, and the endpoint prints so`() throws {
    let secure = try RedisURL(parsing: "REDISS://u:p@h:6380/2")
    #expect(secure.endpoint.isTLS)
    #expect(secure.endpoint.user == "u" && secure.endpoint.database == 2)
    #expect(secure.endpoint.description == "rediss://h:6380/2")
    #expect(try RedisURL(parsing: secure.endpoint.description).endpoint.isTLS)
    for text in ["redis://h", "h:1", "unix:///r"] {
      #expect(try !RedisURL(parsing: text).endpoint.isTLS)
    }
  }

  static let refused = [
    "", "   ", "rediss:///run/x", "http://h", "redis://h:0", "redis://h:65536", "redis://h:x",
    "redis://h:", "redis://h:-1", "redis://[::1", "redis://::1", "redis://[::1]x", "redis://[]",
    "redis://h/x", "redis://h/-1", "redis://h/99999999999999999999", "redis://:p%4@h",
    "redis://:p%zz@h", "redis://a b", "unix://", "unix:///a%00b", "h:+1", "h:١",
    "unix:///" + String(repeating: "x", count: 108), "redis://h?db=x",
  ]

  @Test(arguments: refused) func `what is no URL is refused with a reason`(_ text: String) {
    do throws(RedisURLError) {
      let url = try RedisURL(parsing: text)
      Issue.record("accepted as \(url.endpoint)")
    } catch {
      #expect(!error.message.isEmpty)
    }
  }

  @Test func `no error and no description holds the password`() throws {
    let url = try RedisURL(parsing: "redis://user:hunter2@h:7/1")
    #expect("\(url) \(url.endpoint)".contains("hunter2") == false)
    var dumped = ""
    dump(url, to: &dumped)
    #expect(!dumped.contains("hunter2"))
    #expect(!dumped.contains("104"))  // 'h' as a byte
    do throws(RedisURLError) {
      _ = try RedisURL(parsing: "redis://user:hunter2%@h")
      Issue.record("accepted")
    } catch {
      #expect(!error.message.contains("hunter2"))
    }
  }

  @Test func `addresses print as people write them`() throws {
    #expect(try RedisURL(parsing: "redis://[::1]:6379").endpoint.description == "[::1]:6379")
    #expect(try RedisURL(parsing: "redis://u:p@h/2").endpoint.description == "h:6379/2")
    #expect(try RedisURL(parsing: "unix:///a.sock?db=3").endpoint.description == "/a.sock?db=3")
  }
}
