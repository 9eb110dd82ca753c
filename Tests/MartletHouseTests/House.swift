/// The order of the house: which target may import which, and what is allowed to be untidy still.
///
/// `RoomTests` holds the code to this table. Every list of exceptions can only shrink: an exception
/// that is no longer needed fails as well.

import Testing

/// What one target under `Sources` may do.
struct TargetRule: CustomTestStringConvertible {
    let name: String
    /// The targets of this package that it may import.
    let imports: Set<String>
    /// The most files that may all reach each other by the types that they mention; 1 is no circle.
    let largestFileCircle: Int

    init(_ name: String, imports: Set<String> = [], largestFileCircle: Int = 1) {
        self.name = name
        self.imports = imports
        self.largestFileCircle = largestFileCircle
    }

    var testDescription: String { name }
}

/// Rooms (folders) of a target that use each other in a circle, and why that is so still.
struct RoomCircle {
    let target: String
    let rooms: Set<String>
    let reason: String

    init(_ target: String, _ rooms: Set<String>, _ reason: String) {
        self.target = target
        self.rooms = rooms
        self.reason = reason
    }
}

/// A file that compares with names of policies or families outside of their own files.
struct NameException {
    let path: String
    let names: Set<String>
    let reason: String

    init(_ path: String, _ names: Set<String>, _ reason: String) {
        self.path = path
        self.names = names
        self.reason = reason
    }
}

enum House {
    /// The targets from the ground up. One that does not exist yet waits for its code.
    static let targets: [TargetRule] = [
        TargetRule("CMartletInstructionSets"),
        TargetRule("CMartletKernels"),
        TargetRule("MartletJSON", largestFileCircle: 4),
        TargetRule("MartletKernels", imports: ["CMartletKernels"]),
        TargetRule(
            "MartletFormats", imports: ["MartletJSON", "MartletKernels"], largestFileCircle: 4),
        TargetRule("MartletHub", imports: ["MartletFormats", "MartletKernels"]),
        TargetRule("MartletNetwork", imports: ["MartletHub"]),
        TargetRule("MartletTokenizers", imports: ["MartletJSON"], largestFileCircle: 3),
        TargetRule("MartletTemplates", imports: ["MartletJSON"], largestFileCircle: 2),
        TargetRule("MartletConstraints", imports: ["MartletJSON"], largestFileCircle: 3),
        TargetRule("MartletCache", imports: kernels, largestFileCircle: 3),
        TargetRule(
            "MartletAttention", imports: kernels.union(["MartletCache"])),
        TargetRule(
            "MartletPolicies", imports: kernels.union(["MartletCache", "MartletAttention"]),
            largestFileCircle: 4),
        TargetRule(
            "MartletModels",
            imports: kernels.union([
                "MartletCache", "MartletAttention", "MartletJSON", "MartletFormats",
            ]), largestFileCircle: 8),
        TargetRule(
            "MartletEngine",
            imports: [
                "MartletCache", "MartletAttention", "MartletModels", "MartletTokenizers",
                "MartletKernels",
            ], largestFileCircle: 2),
        TargetRule(
            "MartletTasks", imports: ["MartletJSON", "MartletFormats", "MartletKernels"],
            largestFileCircle: 4),
        TargetRule("MartletPictures", imports: ["MartletJSON"]),
        TargetRule("CMartletPage"),
        TargetRule("MartletPage", imports: ["CMartletPage"]),
        TargetRule(
            "Martlet",
            imports: engine.union([
                "MartletPolicies", "MartletEngine", "MartletTasks", "MartletPictures",
                "MartletTemplates", "MartletConstraints", "MartletHub",
            ]), largestFileCircle: 5),
        TargetRule(
            "MartletEvaluation",
            imports: [
                "Martlet", "MartletTasks", "MartletPictures", "MartletPolicies", "MartletModels",
                "MartletEngine", "MartletJSON", "MartletFormats", "MartletHub", "MartletKernels",
            ], largestFileCircle: 4),
        TargetRule(
            "MartletTraining",
            imports: engine.union([
                "MartletTasks", "MartletPictures", "MartletTemplates", "CMartletKernels",
            ]), largestFileCircle: 4),
        TargetRule(
            "MartletCharacterModels",
            imports: kernels.union([
                "MartletTraining", "MartletTasks", "MartletPictures", "MartletJSON",
                "MartletFormats",
            ]), largestFileCircle: 4),
        TargetRule(
            "MartletServer",
            imports: [
                "Martlet", "MartletConstraints", "MartletEngine", "MartletFormats", "MartletJSON",
                "MartletKernels", "MartletPage", "MartletTemplates", "MartletTokenizers",
            ]),
        TargetRule(
            "MartletCommand",
            imports: [
                "Martlet", "MartletEvaluation", "MartletTraining", "MartletCharacterModels",
                "MartletServer",
                "MartletTasks", "MartletPictures", "MartletPolicies", "MartletJSON",
                "MartletFormats", "MartletHub", "MartletNetwork", "MartletTokenizers",
            ], largestFileCircle: 3),
    ]

    private static let kernels: Set<String> = ["CMartletKernels", "MartletKernels"]

    /// What the engine is made of, as the targets above it may see it.
    private static let engine: Set<String> = [
        "MartletModels", "MartletAttention", "MartletCache", "MartletTokenizers", "MartletFormats",
        "MartletJSON", "MartletKernels",
    ]

    static let roomCircles: [RoomCircle] = [
        RoomCircle(
            "MartletEngine", ["Requests", "Scheduling"],
            "identities of requests and of chains are declared beside their users"),
        RoomCircle(
            "MartletModels", ["Layers", "Running"],
            "layers run in the workspace of a step, which normalises rows"),
        RoomCircle(
            "MartletModels", ["Layers", "Loading", "Plan"],
            "a plan makes layers, which loading binds to tensors by the plan"),
        RoomCircle(
            "MartletTasks", ["Files", "Programs"],
            "a file of problems may hold programs, which are problems of a file"),
        RoomCircle(
            "MartletTasks",
            [
                "LongContext", "Problems", "Reasoning", "Recall", "Registry", "Ruler",
                "SparseFrontier", "Story",
            ], "each room describes its tasks to the registry, which lists them"),
        RoomCircle(
            "MartletTraining", ["Graph", "Training"],
            "the machine that runs graphs is declared beside the training loop"),
        RoomCircle(
            "MartletTraining", ["Recipes", "Training"],
            "a recipe reads the machine and the length of a run"),
        RoomCircle(
            "MartletTraining", ["Data", "Models", "Recipes"],
            "a recipe names its data and its model, which read the recipe"),
    ]

    /// The types whose values give a policy its name.
    static let policyEntries = ["CachePolicyEntry"]
    /// The types whose values give a family its name.
    static let familyEntries = ["FamilyEntry", "DecoderFamily", "EncoderFamily"]

    static let nameExceptions: [NameException] = [
        NameException(
            "Tests/MartletPoliciesTests/CachePolicyTests.swift", ["dense"],
            "tests the text of the default policy"),
        NameException(
            "Tests/MartletEvaluationTests/Frontier/FrontierSweepTests.swift", ["dense"],
            "finds the reference among the results"),
        NameException(
            "Tests/MartletModelsTests/EvictionGoldenTests.swift", ["dmc"],
            "names the method of a golden"),
        NameException(
            "Tests/MartletModelsTests/KVPressTests.swift", ["duo"], "names the method of a golden"),
        NameException(
            "Tests/MartletTrainingTests/Training/RetrofitTests.swift", ["dmc"],
            "names the retrofit of a test's case"),
        NameException(
            "Tests/MartletFormatsTests/CheckpointTests.swift", ["llama"],
            "reads back the family that the test wrote"),
        NameException(
            "Tests/MartletModelsTests/LayerPlanTests.swift", ["gpt2"],
            "leaves out the family whose layers cannot differ"),
        NameException(
            "Tests/MartletModelsTests/TensorSourceTests.swift", ["qwen3"],
            "reads back the family that the test wrote"),
        NameException(
            "Tests/MartletTokenizersTests/ContinuingTests.swift", ["qwen2"],
            "names a tokenizer's splitting rules, not a family of models"),
        NameException(
            "Tests/MartletTokenizersTests/TokenizerFixtures.swift", ["gpt2", "qwen2"],
            "names a tokenizer's splitting rules, not a family of models"),
        NameException(
            "Tests/MartletTokenizersTests/VectorTests.swift", ["qwen2"],
            "names a tokenizer's splitting rules, not a family of models"),
    ]
}
