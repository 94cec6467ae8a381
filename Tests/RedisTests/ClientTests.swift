import EventLoop
import Redis
import TestKit
import Testing

@Suite(.blocking) struct ClientTests {
  @Test(arguments: Wire.offered) func `a client asks a real server over a Unix socket`(
    _ wire: Wire
  ) async throws {
    let server = try wire.server()
    let client = try Fixture.client(of: server)
    let reply = try await client.send(RedisCommand("PING"), action: "pinging")
    #expect(reply.text == "PONG")
    let info = try await client.send(RedisCommand("INFO", "everything"), action: "reading INFO")
    #expect(info.text?.contains("redis_version:") == true)
    #expect(client.state == .connected)
  }
}
