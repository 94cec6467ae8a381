import ConsoleModel
import EventLoop
import Panels
import Redis
import Storefront

/// One environment while it is on the screen: connections, collectors, and for the demo its
/// supervisor. Nothing of it survives a switch.
final class Session {
  private let startup: Startup
  private let access: Access
  private let loop: EventLoop
  private let mailbox: Mailbox
  private let demo: DemoLauncher?
  private var demand = Demand()

  init(plan: EnvironmentPlan, startup: Startup, access: Access, loop: EventLoop, mailbox: Mailbox) {
    self.startup = startup
    self.access = access
    self.loop = loop
    self.mailbox = mailbox
    demo = nil
    connect(plan)
  }

  init(
    demo startup: Startup, access: Access, loop: EventLoop, mailbox: Mailbox
  ) throws(StartError) {
    self.startup = startup
    self.access = access
    self.loop = loop
    self.mailbox = mailbox
    do throws(DemoFailure) {
      demo = try DemoLauncher(
        options: DemoOptions(environment: startup.passwords.environment))
    } catch {
      throw .failed(error.description)
    }
  }

  /// Poll this for reading, then call `pollDemo`; −1 without a demo.
  var demoDescriptor: Int32 { demo?.descriptor ?? -1 }

  func pollDemo(_ mailbox: Mailbox) {}

  private func connect(_ plan: EnvironmentPlan) {}

  func setDemand(_ demand: Demand) {}
  func search(_ search: KeySearch) {}
  func cancelSearch(_ id: UInt64) {}
  func describe(_ node: NodeID, _ keys: [KeyName]) {}
  func inspect(_ request: KeyInspectionRequest) {}
  func resetSlowlog(_ node: NodeID) {}
  func close() {}
}
