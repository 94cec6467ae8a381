// swift-tools-version: 6.2
// Cache Console. Targets stand in the order of docs/modules.md: a target may import only what is
// above it and what its row there allows; script/check holds the imports against that table.
import PackageDescription

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One settings array for every target: no target is laxer than another.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Links the archive where the distribution has one, so that the binary runs on machines without
/// the library; else the shared library. A module map cannot choose, so the manifest does.
func archiveOrShared(_ name: String) -> LinkerSetting {
  let folders = [
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
    "/usr/local/lib",
  ]
  let hasArchive = folders.contains { access("\($0)/lib\(name).a", R_OK) == 0 }
  return .linkedLibrary(hasArchive ? ":lib\(name).a" : name)
}

let package = Package(
  name: "cacheconsole",
  products: [
    .executable(name: "cacheconsole", targets: ["CacheConsole"])
  ],
  targets: [
    // MARK: C modules (module map and shim.h, no logic)

    // epoll, eventfd, process attributes and other calls that Glibc's Swift overlay leaves out.
    .systemLibrary(name: "CLinux", path: "Sources/CModules/CLinux"),
    // The wide-character curses library.
    .systemLibrary(
      name: "CNcurses", path: "Sources/CModules/CNcurses", providers: [.apt(["libncurses-dev"])]),
    // hiredis, used as the reply parser only.
    .systemLibrary(
      name: "CHiredis", path: "Sources/CModules/CHiredis", providers: [.apt(["libhiredis-dev"])]),

    // libcrypto and libssl: digests, TLS sessions.
    .systemLibrary(
      name: "COpenSSL", path: "Sources/CModules/COpenSSL", providers: [.apt(["libssl-dev"])]),

    // MARK: Foundations

    // The files that we read and write: JSON5, JSON, schema headers, safe and atomic files.
    .target(name: "Documents", swiftSettings: strict),
    // Digests for the audit chain and plan hashes, TLS contexts and sessions.
    .target(name: "Crypto", dependencies: ["COpenSSL"], swiftSettings: strict),

    // The epoll thread that is also a task executor: sockets, timers, name resolution.
    .target(name: "EventLoop", dependencies: ["CLinux"], swiftSettings: strict),
    // Values that the console shows; no behaviour that touches the outside.
    .target(name: "ConsoleModel", swiftSettings: strict),
    // Cell grid, styles, text width, layout, key and mouse events, the curses screen.
    .target(
      name: "Terminal", dependencies: ["CNcurses", "Documents"], swiftSettings: strict,
      linkerSettings: [archiveOrShared("ncursesw"), archiveOrShared("tinfo")]),

    // MARK: Clients and collectors

    // RESP, connection, pipelining, typed monitoring reads (Probe) and Scanner.
    .target(
      name: "Redis", dependencies: ["CHiredis", "EventLoop", "Crypto"], swiftSettings: strict,
      linkerSettings: [archiveOrShared("hiredis")]),
    // Pollers that turn server replies into immutable snapshots.
    .target(
      name: "Collectors", dependencies: ["ConsoleModel", "Redis", "EventLoop"],
      swiftSettings: strict),

    // MARK: Acting

    // Plan, preview, run, verify, audit; the detached runner.
    .target(
      name: "Operations",
      dependencies: ["ConsoleModel", "Documents", "Crypto", "Redis", "EventLoop"],
      swiftSettings: strict),

    // MARK: The screen

    // Model, messages, actions, panels, dialogs: `update` and `render`, pure by import.
    .target(name: "Panels", dependencies: ["Terminal", "ConsoleModel"], swiftSettings: strict),

    // MARK: The demo shop

    // The shop's keys, its traffic, and the supervisor that owns the demo's server.
    .target(
      name: "Storefront", dependencies: ["EventLoop", "Redis"], swiftSettings: strict),

    // MARK: The program

    // Command line, configuration, wiring, the one poll loop, the effect runner.
    .executableTarget(
      name: "CacheConsole",
      dependencies: [
        "EventLoop", "ConsoleModel", "Documents", "Terminal", "Redis", "Collectors", "Operations",
        "Panels", "Storefront",
      ],
      swiftSettings: strict),

    // MARK: Benchmarks

    // The Redis client beside a C hiredis loop; Benchmarks/redis builds and runs both.
    .executableTarget(
      name: "RedisBench", dependencies: ["Redis", "EventLoop", "TestKit"],
      path: "Benchmarks/RedisBench", swiftSettings: strict),
    // The engine of `invalidate` beside other ways to do it; Benchmarks/invalidate runs them all.
    .executableTarget(
      name: "InvalidateBench", dependencies: ["Operations", "ConsoleModel", "Redis", "TestKit"],
      path: "Benchmarks/InvalidateBench", swiftSettings: strict),

    // Memory of a walk over millions of keys; Benchmarks/keyspace runs it.
    .executableTarget(
      name: "KeyspaceBench", dependencies: ["Collectors", "ConsoleModel", "Redis", "EventLoop"],
      path: "Benchmarks/KeyspaceBench", swiftSettings: strict),

    // MARK: Tests

    // Server fixtures, a terminal driver and fakes that the test targets share.
    .target(
      name: "TestKit", dependencies: ["EventLoop"], swiftSettings: strict),
    .testTarget(name: "ConsoleModelTests", dependencies: ["ConsoleModel"], swiftSettings: strict),
    // A program with a screen and nothing else, which the terminal's tests end in every way.
    .executableTarget(
      name: "ScreenProbe", dependencies: ["Terminal"], path: "Tests/Support/ScreenProbe",
      swiftSettings: strict),
    .testTarget(
      name: "TerminalTests", dependencies: ["Terminal", "TestKit", "ScreenProbe"],
      swiftSettings: strict),
    .testTarget(
      name: "RedisTests", dependencies: ["Redis", "EventLoop", "Crypto", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "CollectorsTests",
      dependencies: ["Collectors", "ConsoleModel", "Redis", "EventLoop", "TestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "PanelsTests", dependencies: ["Panels", "Terminal", "ConsoleModel", "TestKit"],
      exclude: ["Snapshots"], swiftSettings: strict),
    .testTarget(
      name: "StorefrontTests", dependencies: ["Storefront", "Redis", "EventLoop", "TestKit"],
      swiftSettings: strict),
    // Appends to an audit trail and does nothing else, so that tests can kill it meanwhile.
    .executableTarget(
      name: "AuditProbe", dependencies: ["Operations", "ConsoleModel"],
      path: "Tests/Support/AuditProbe", swiftSettings: strict),
    .testTarget(
      name: "OperationsTests",
      dependencies: [
        "Operations", "ConsoleModel", "Documents", "Crypto", "Redis", "EventLoop", "TestKit",
        "AuditProbe",
      ],
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "CacheConsoleTests",
      dependencies: [
        "CacheConsole", "ConsoleModel", "Documents", "Terminal", "Panels", "Collectors", "Redis",
        "Operations", "Storefront", "EventLoop",
        "TestKit",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "CacheConsole", "ConsoleModel", "Documents", "Operations", "Panels", "Redis", "Terminal",
        "TestKit",
      ],
      swiftSettings: strict),
  ]
)
