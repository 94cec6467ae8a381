import EventLoop
import Redis
import TestKit
import Testing

@Suite(.blocking) struct ClientTests {
  @Test func `a client asks a real server over a Unix socket`() async throws {
    let server = try RedisServer()
    let client = try Fixture.client(server.url)
    let reply = try await client.send(RedisCommand("PING"), action: "pinging")
    #expect(reply.text == "PONG")
    let info = try await client.send(RedisCommand("INFO", "everything"), action: "reading INFO")
    #expect(info.text?.contains("redis_version:") == true)
    #expect(client.state == .connected)
  }
}
