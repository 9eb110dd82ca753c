// swift-tools-version: 6.2
// Martlet: LLM inference within a budget. Arrows between targets are drawn in ARCHITECTURE.md.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Debug tests run the same kernels as release; at -O0 they are an order of magnitude slower.
let quickInDebug: [CSetting] = [.unsafeFlags(["-O3"], .when(configuration: .debug))]

/// What only a server on sockets needs.
let whenServing = TargetDependencyCondition.when(traits: ["Server"])

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletTokenizers", targets: ["MartletTokenizers"]),
        .library(name: "MartletConstraints", targets: ["MartletConstraints"]),
        .library(name: "MartletTasks", targets: ["MartletTasks"]),
        .library(name: "MartletEvaluation", targets: ["MartletEvaluation"]),
        .library(name: "MartletTraining", targets: ["MartletTraining"]),
        .library(name: "MartletCharacterModels", targets: ["MartletCharacterModels"]),
        .executable(name: "martlet", targets: ["MartletCommand"]),
    ],
    traits: [
        .default(enabledTraits: ["Server"]),
        .trait(
            name: "Server",
            description: "`martlet serve` on sockets. Without it nothing depends on SwiftNIO."),
        .trait(
            name: "TLS", description: "`martlet serve --tls-certificate`, by BoringSSL.",
            enabledTraits: ["Server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Only for `swift package generate-documentation`.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // Built beside the Swift targets, none of which waits for it: see its header.
        .target(name: "CMartletInstructionSets", cSettings: quickInDebug),
        .target(
            name: "CMartletKernels", dependencies: ["CMartletInstructionSets"],
            cSettings: quickInDebug),
        .target(name: "MartletKernels", dependencies: ["CMartletKernels"], swiftSettings: strict),
        .target(name: "MartletJSON", swiftSettings: strict),
        .target(
            name: "MartletFormats",
            dependencies: ["MartletJSON", "MartletKernels"],
            swiftSettings: strict),
        .target(
            name: "MartletHub",
            dependencies: ["MartletFormats", "MartletKernels"],
            swiftSettings: strict),
        // The one target that links the system's network library.
        .target(
            name: "MartletNetwork",
            dependencies: [
                "MartletHub",
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOPosix", package: "swift-nio", condition: whenServing),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: whenServing),
            ], swiftSettings: strict),
        .target(
            name: "MartletTokenizers", dependencies: ["MartletJSON"], swiftSettings: strict),
        .target(name: "MartletTemplates", dependencies: ["MartletJSON"], swiftSettings: strict),
        .target(name: "MartletConstraints", dependencies: ["MartletJSON"], swiftSettings: strict),
        .target(
            name: "MartletCache", dependencies: ["MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .target(
            name: "MartletAttention",
            dependencies: ["MartletCache", "MartletKernels", "CMartletKernels"],
            swiftSettings: strict),
        .target(
            name: "MartletPolicies",
            dependencies: [
                "MartletAttention", "MartletCache", "MartletKernels", "CMartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "MartletModels",
            dependencies: [
                "MartletAttention", "MartletCache", "MartletFormats", "MartletKernels",
                "CMartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "MartletEngine",
            dependencies: [
                "MartletModels", "MartletCache", "MartletTokenizers", "MartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "MartletPictures", dependencies: ["MartletJSON"], swiftSettings: strict),
        .target(
            name: "MartletTasks", dependencies: ["MartletJSON", "MartletKernels"],
            swiftSettings: strict),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletEngine", "MartletModels", "MartletPolicies", "MartletCache",
                "MartletTokenizers", "MartletTemplates", "MartletConstraints", "MartletFormats",
                "MartletHub", "MartletKernels", "MartletTasks", "MartletPictures", "MartletJSON",
            ],
            // The models inside the package, found beside the executable.
            resources: [.copy("Resources/Models")], swiftSettings: strict),
        // The server's page: its files become bytes of the program.
        .target(name: "CMartletPage", exclude: ["Page"]),
        .target(name: "MartletPage", dependencies: ["CMartletPage"], swiftSettings: strict),
        .target(
            name: "MartletEvaluation",
            dependencies: [
                "Martlet", "MartletTasks", "MartletPictures", "MartletPolicies", "MartletModels",
                "MartletEngine", "MartletFormats", "MartletHub", "MartletKernels",
            ], swiftSettings: strict),
        .target(
            name: "MartletTraining",
            dependencies: [
                "MartletModels", "MartletTokenizers", "MartletTemplates", "MartletFormats",
                "MartletJSON", "MartletKernels", "CMartletKernels", "MartletTasks",
                "MartletPictures",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "MartletCharacterModels",
            dependencies: [
                "MartletTraining", "MartletFormats", "MartletKernels", "CMartletKernels",
            ],
            swiftSettings: strict),
        .target(
            name: "MartletServer",
            dependencies: [
                "Martlet", "MartletConstraints", "MartletEngine", "MartletFormats", "MartletJSON",
                "MartletKernels", "MartletPage", "MartletTemplates", "MartletTokenizers",
                .product(name: "NIOCore", package: "swift-nio", condition: whenServing),
                .product(name: "NIOPosix", package: "swift-nio", condition: whenServing),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: whenServing),
                .product(name: "NIOWebSocket", package: "swift-nio", condition: whenServing),
                .product(
                    name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
            ], swiftSettings: strict),
        .executableTarget(
            name: "MartletCommand",
            dependencies: [
                "Martlet", "MartletEvaluation", "MartletTraining", "MartletServer",
                "MartletPolicies",
                "MartletFormats", "MartletHub", "MartletNetwork", "MartletCharacterModels",
                "MartletPictures", "MartletTokenizers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // What tests share; no product has it.
        .target(
            name: "MartletTestSupport", path: "Tests/MartletTestSupport", swiftSettings: strict),
        .testTarget(
            name: "MartletKernelsTests", dependencies: ["MartletKernels", "CMartletKernels"],
            exclude: ["Goldens"], swiftSettings: strict),
        .testTarget(
            name: "MartletJSONTests", dependencies: ["MartletJSON", "MartletTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletFormatsTests",
            dependencies: ["MartletFormats", "MartletKernels", "MartletTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletHubTests",
            dependencies: [
                "MartletHub", "MartletNetwork", "MartletFormats",
                "MartletKernels",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTokenizersTests",
            dependencies: ["MartletTokenizers", "MartletJSON", "MartletTestSupport"],
            exclude: ["Goldens"], swiftSettings: strict),
        .testTarget(
            name: "MartletTemplatesTests", dependencies: ["MartletTemplates", "MartletJSON"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletConstraintsTests",
            dependencies: ["MartletConstraints", "MartletJSON", "MartletTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletCacheTests",
            dependencies: [
                "MartletCache", "MartletKernels", "CMartletKernels", "MartletTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletAttentionTests",
            dependencies: [
                "MartletAttention", "MartletCache", "MartletKernels", "CMartletKernels",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletPoliciesTests",
            dependencies: [
                "MartletPolicies", "MartletAttention", "MartletCache", "MartletKernels",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletModelsTests",
            dependencies: [
                "MartletModels", "MartletPolicies", "MartletCache", "MartletFormats",
                "MartletKernels", "CMartletKernels",
            ],
            exclude: [
                "Goldens", "KVPressGoldens", "EvictionGoldens", "EncoderGoldens",
                "QuantisedGoldens",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletEngineTests",
            dependencies: [
                "MartletEngine", "MartletModels", "MartletPolicies", "MartletCache",
                "MartletKernels", "MartletTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletPicturesTests", dependencies: ["MartletPictures"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTasksTests", dependencies: ["MartletTasks"], swiftSettings: strict),
        .testTarget(
            name: "MartletTests",
            dependencies: [
                "Martlet", "MartletEngine", "MartletModels", "MartletPolicies", "MartletCache",
                "MartletTokenizers", "MartletTemplates", "MartletConstraints", "MartletFormats",
                "MartletHub", "MartletKernels", "MartletJSON",
                "MartletPictures",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletEvaluationTests",
            dependencies: [
                "MartletEvaluation", "Martlet", "MartletModels", "MartletCache", "MartletEngine",
                "MartletFormats", "MartletHub", "MartletTasks", "MartletTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletTrainingTests",
            dependencies: [
                "MartletTraining", "MartletModels", "MartletPolicies", "MartletCache",
                "MartletTokenizers", "MartletFormats", "MartletKernels", "MartletTasks",
            ],
            exclude: ["Goldens"], swiftSettings: strict),
        .testTarget(
            name: "MartletCharacterModelsTests",
            dependencies: ["MartletCharacterModels", "MartletTraining", "MartletKernels"],
            swiftSettings: strict),
        .testTarget(
            name: "MartletServerTests",
            dependencies: [
                "MartletServer", "Martlet", "MartletEngine", "MartletJSON", "MartletTemplates",
                "MartletTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletCommandTests",
            dependencies: [
                "MartletTestSupport", "MartletCommand", "Martlet", "MartletFormats",
                "MartletTraining",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MartletPageTests", dependencies: ["MartletPage"], swiftSettings: strict),
        // Damaged inputs for every parser of the package.
        .testTarget(
            name: "MartletMutantTests",
            dependencies: [
                "MartletTestSupport", "MartletCommand", "MartletEvaluation", "MartletTraining",
                "MartletServer",
                "Martlet", "MartletTasks", "MartletModels", "MartletPolicies", "MartletCache",
                "MartletTokenizers", "MartletTemplates", "MartletConstraints", "MartletFormats",
                "MartletHub", "MartletJSON",
                "MartletKernels",
            ],
            swiftSettings: strict),
        // Reads the repository's files and imports no target: the order of targets and rooms.
        .testTarget(name: "MartletHouseTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
