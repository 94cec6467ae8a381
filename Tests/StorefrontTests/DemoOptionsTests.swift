import Storefront
import Testing

@Suite struct DemoOptionsTests {
  @Test func `arguments and environment say the same`() throws {
    let fromEnvironment = try DemoOptions(environment: [
      "CACHECONSOLE_DEMO_RATE": "500", "CACHECONSOLE_DEMO_FLASH_SHARE": "0.25",
      "CACHECONSOLE_DEMO_KEYS": "300", "CACHECONSOLE_DEMO_SEED": "9", "HOME": "/root",
    ])
    #expect(fromEnvironment.rate == 500)
    #expect(fromEnvironment.flashShare == 0.25)
    #expect(fromEnvironment.keys == 300)
    #expect(fromEnvironment.seed == 9)
    #expect(try DemoOptions(arguments: fromEnvironment.arguments) == fromEnvironment)
  }

  @Test(arguments: [
    ["--rate", "-1"], ["--rate", "nan"], ["--rate", "fast"], ["--rate"], ["--flash-share", "1.5"],
    ["--keys", "99999999999999999999"], ["--speed", "1"], ["rate", "1"],
  ])
  func `a wrong value or name is an error that names it`(words: [String]) {
    #expect(throws: DemoFailure.self) { try DemoOptions(arguments: words) }
  }

  @Test(arguments: [
    DemoEvent.serving(socket: "/tmp/x y/redis.sock", serverProcess: 17),
    .filling(done: 2_000, total: 20_000), .filled, .restarting,
    .failed(DemoFailure("no server", nextStep: "install it")),
  ])
  func `an event survives its line`(event: DemoEvent) {
    #expect(DemoEvent(line: event.line) == event)
  }

  @Test(arguments: ["", "serving\tx\t/tmp", "filling\t1", "hello"])
  func `an unknown line is no event`(line: String) {
    #expect(DemoEvent(line: line) == nil)
  }
}
