// swift-tools-version: 6.2
// Benchmarks are a package of their own, so that users of the library do not fetch or build them.

import PackageDescription

let package = Package(
    name: "martlet-benchmarks",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "martlet-tokenizer-bench", targets: ["TokenizerBench"])
    ],
    dependencies: [
        .package(name: "martlet", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "TokenizerBench",
            dependencies: [.product(name: "MartletTokenizers", package: "martlet")])
    ],
    swiftLanguageModes: [.v6]
)
