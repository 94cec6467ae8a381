import Documents
import ConsoleModel
import Panels
import Terminal

/// The effect runner: the only place where the model's wishes become deeds.
extension ConsoleLoop {
  func perform(_ effect: Effect) {
    // The second check: the model has refused already; a change that gets here in a read-only
    // process is a fault of ours and goes no further.
    if effect.isChange, model.context.access.isReadOnly {
      apply(.notice(Toast(.critical, "refused: \(model.context.access.reason)")))
      return
    }
    switch effect {
    case .quit: finish(.quit)
    case .suspend:
      screen.suspend()
      adoptSize()
    case .redraw: screen.invalidate()
    case .demand(let demand): session?.setDemand(demand)
    case .search(let search): session?.search(search)
    case .cancelSearch(let id): session?.cancelSearch(id)
    case .analyze(let request): session?.analyze(request)
    case .cancelAnalysis(let id): session?.cancelAnalysis(id)
    case .describe(let node, let keys): session?.describe(node, keys)
    case .inspect(let request): session?.inspect(request)
    case .plan(let request): session?.plan(request)
    case .cancelPlan: session?.cancelPlan()
    case .run(let plan): session?.run(plan)
    case .control(let id, let control): session?.control(id, control)
    case .stopAll: session?.stopAll()
    case .examine(let id): session?.examine(id)
    case .dismiss(let id, let reason): session?.dismiss(id, reason)
    case .takeOver(let plan): session?.takeOver(plan)
    case .switchEnvironment(let name): switchEnvironment(name)
    case .setTheme(let name): setTheme(name)
    case .copy(let text): copy(text)
    }
  }

  /// The window may have changed while the terminal was somebody else's, and nobody tells again.
  private func adoptSize() {
    apply(.input(.resize(columns: screen.columns, rows: screen.rows)))
  }

  private func setTheme(_ name: String) {
    do throws(DocumentError) {
      theme = try themes.load(name)
      screen.invalidate()
    } catch {
      apply(.notice(Toast(.critical, error.description)))
    }
  }

  private func copy(_ text: String) {
    if !screen.copy(Array(text.utf8)) {
      apply(.notice(Toast(.warning, "too long for the terminal's clipboard")))
    }
  }

  // MARK: Environments

  func open(_ target: Startup.Target) {
    switch target {
    case .servers(let plan): start(plan)
    case .demo:
      model.context.loader = startup.demoLoader
      do throws(StartError) {
        session = try Session(
          demo: startup, access: startup.access(nil), loop: loop, mailbox: mailbox)
      } catch {
        apply(.notice(Toast(.critical, error.message)))
      }
    }
  }

  private func start(_ plan: EnvironmentPlan) {
    model.context.loader = plan.loader
    session = Session(
      plan: plan, startup: startup, access: startup.access(plan), loop: loop, mailbox: mailbox)
  }

  private func switchEnvironment(_ name: String) {
    // A password prompt needs the terminal for itself.
    let asks = startup.configuration?.environment(named: name)?.asksPassword
    if asks == true { screen.leave() }
    defer {
      if asks == true {
        screen.resume()
        adoptSize()
      }
    }
    let plan: EnvironmentPlan
    do throws(StartError) {
      plan = try startup.plan(named: name)
    } catch {
      apply(.notice(Toast(.critical, error.message)))
      return
    }
    session?.close()
    mailbox.empty()
    identities.forget()
    apply(.accessChanged(startup.access(plan)))
    apply(.environmentSwitched(plan.identity))
    start(plan)
  }
}
