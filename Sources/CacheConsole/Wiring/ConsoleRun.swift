private import Documents
private import ConsoleModel
private import EventLoop
private import Panels
private import Storefront
private import Terminal

/// Opens the screen and hands it to the loop.
struct ConsoleRun {
  let startup: Startup

  func run() throws(StartError) -> Int32 {
    // Before the screen opens: an error belongs on the user's terminal, a question too.
    let target = try startup.target()
    if case .servers(let plan) = target, let warning = plan.warning {
      StandardStreams.complain(warning)
    }
    let themes = ThemeFiles(
      environment: startup.passwords.environment, executable: ProcessEnvironment.executable())
    let theme: Theme
    do throws(DocumentError) {
      theme = try themes.load(startup.themeName)
    } catch {
      throw .failed(error.description)
    }
    let screen: Screen
    var options = Screen.Options()
    options.isMouseEnabled = startup.mouse
    do throws(ScreenError) {
      screen = try Screen(options)
    } catch {
      throw .failed(error.description)
    }
    let console: ConsoleLoop
    do throws(SystemError) {
      console = try ConsoleLoop(
        startup: startup, target: target, screen: screen, themes: themes, theme: theme)
    } catch {
      screen.close()
      throw .failed("\(error)")
    }
    let end = console.run()
    screen.close()
    switch end {
    case .quit: return 0
    case .failed(let message): throw .failed(message)
    case .ended(.terminalLost): return 1
    case .ended(.signal(let number)): return EndBySignal.exitCode(number)
    }
  }
}

/// A process that was ended by a signal says so to its parent.
enum EndBySignal {
  static func exitCode(_ number: Int32) -> Int32 { 128 + number }
}
