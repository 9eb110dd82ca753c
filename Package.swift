// swift-tools-version: 6.2
// Martlet: LLM inference within a budget. Arrows between targets are drawn in ARCHITECTURE.md.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletTokenizers", targets: ["MartletTokenizers"]),
        .executable(name: "martlet", targets: ["MartletCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .target(
            name: "CMartletKernels",
            cSettings: [
                // Debug tests run the same kernels as release; at -O0 they are an order of magnitude slower.
                .unsafeFlags(["-O3"], .when(configuration: .debug))
            ]),
        .target(name: "MartletKernels", dependencies: ["CMartletKernels"], swiftSettings: strict),
        .target(name: "MartletFormats", dependencies: ["MartletKernels"], swiftSettings: strict),
        .target(name: "MartletTokenizers", swiftSettings: strict),
        .target(
            name: "MartletAttention", dependencies: ["MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .target(
            name: "MartletModels",
            dependencies: [
                "MartletAttention", "MartletFormats", "MartletKernels", "CMartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "MartletEngine",
            dependencies: [
                "MartletModels", "MartletAttention", "MartletTokenizers", "MartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletEngine", "MartletModels", "MartletAttention", "MartletTokenizers",
                "MartletFormats", "MartletKernels",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "MartletCommand",
            dependencies: [
                "Martlet", "MartletFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletKernelsTests", dependencies: ["MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletFormatsTests", dependencies: ["MartletFormats"], swiftSettings: strict),
        .testTarget(
            name: "MartletTokenizersTests", dependencies: ["MartletTokenizers"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletAttentionTests",
            dependencies: ["MartletAttention", "MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletModelsTests", dependencies: ["MartletModels"],
            exclude: ["Goldens", "KVPressGoldens", "EvictionGoldens"], swiftSettings: strict),
        .testTarget(
            name: "MartletEngineTests",
            dependencies: ["MartletEngine", "MartletModels", "MartletAttention", "MartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTests",
            dependencies: [
                "Martlet", "MartletEngine", "MartletModels", "MartletAttention",
                "MartletTokenizers", "MartletFormats", "MartletKernels",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletCommandTests",
            dependencies: [
                "MartletCommand", "Martlet", "MartletFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
