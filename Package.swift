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
        .library(name: "MartletEvaluation", targets: ["MartletEvaluation"]),
        .library(name: "MartletTraining", targets: ["MartletTraining"]),
        .executable(name: "martlet", targets: ["MartletCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Only for `swift package generate-documentation`.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
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
            dependencies: ["MartletModels", "MartletAttention", "MartletTokenizers"],
            swiftSettings: strict),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletEngine", "MartletModels", "MartletAttention", "MartletTokenizers",
                "MartletFormats", "MartletKernels",
            ],
            // The models inside the package, found beside the executable.
            resources: [.copy("Resources/Models")], swiftSettings: strict),
        .target(
            name: "MartletEvaluation",
            dependencies: [
                "Martlet", "MartletModels", "MartletFormats", "MartletKernels",
                .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),
        .target(
            name: "MartletTraining",
            dependencies: [
                "MartletEvaluation", "MartletModels", "MartletAttention", "MartletTokenizers",
                "MartletFormats", "MartletKernels", "CMartletKernels",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "MartletCommand",
            dependencies: [
                "Martlet", "MartletEvaluation", "MartletTraining", "MartletAttention",
                "MartletFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletKernelsTests", dependencies: ["MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletFormatsTests", dependencies: ["MartletFormats", "MartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTokenizersTests", dependencies: ["MartletTokenizers"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletAttentionTests",
            dependencies: ["MartletAttention", "MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletModelsTests",
            dependencies: [
                "MartletModels", "MartletAttention", "MartletFormats", "MartletKernels",
            ],
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
            name: "MartletEvaluationTests",
            dependencies: ["MartletEvaluation", "Martlet", "MartletFormats"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTrainingTests",
            dependencies: [
                "MartletTraining", "MartletEvaluation", "MartletModels", "MartletAttention",
                "MartletTokenizers", "MartletFormats", "MartletKernels",
            ],
            exclude: ["Goldens"], swiftSettings: strict),
        .testTarget(
            name: "MartletCommandTests",
            dependencies: [
                "MartletCommand", "Martlet", "MartletFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // Reads the repository's files and imports no target: the order of targets and rooms.
        .testTarget(name: "MartletHouseTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
