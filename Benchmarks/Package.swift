// swift-tools-version: 6.2
// Benchmarks are a package of their own, so that users of the library do not fetch or build them.

import PackageDescription

let package = Package(
    name: "martlet-benchmarks",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "martlet-tokenizer-bench", targets: ["TokenizerBench"]),
        .executable(name: "martlet-mask-bench", targets: ["MaskBench"]),
    ],
    dependencies: [
        .package(name: "martlet", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "TokenizerBench",
            dependencies: [.product(name: "MartletTokenizers", package: "martlet")]),
        .executableTarget(
            name: "MaskBench",
            dependencies: [
                .product(name: "MartletConstraints", package: "martlet"),
                .product(name: "MartletTokenizers", package: "martlet"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
