private import Glibc
private import Storefront

@main
enum Main {
  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.first == Arguments.supervisorCommand {
      exit(DemoSupervisor.run(arguments: Array(words.dropFirst())))
    }
  }
}
