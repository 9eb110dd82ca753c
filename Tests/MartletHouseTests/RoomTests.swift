/// Holds the sources to `House`: imports point down, rooms form no circles, names are not switched on.

import Testing

@Suite struct RoomTests {
    private let tree = SourceTree.repository

    @Test func everyTargetIsInTheTable() {
        let listed = House.targets.map(\.name)
        #expect(Set(listed).count == listed.count, "a target is listed twice")
        for target in tree.targets where !listed.contains(target) {
            Issue.record("Sources/\(target) is not in House.targets")
        }
        for circle in House.roomCircles where !tree.targets.contains(circle.target) {
            Issue.record("House.roomCircles: there is no \(circle.target)")
        }
        for (index, rule) in House.targets.enumerated() {
            let below = Set(listed[..<index])
            for module in rule.imports where listed.contains(module) && !below.contains(module) {
                Issue.record("House.targets: \(module) is to be listed before \(rule.name)")
            }
        }
    }

    @Test(arguments: House.targets) func importsPointDown(rule: TargetRule) {
        for file in tree.files(of: rule.name) {
            for (module, line) in file.imports
            where isOfThePackage(module) && !rule.imports.contains(module) {
                Issue.record("\(file.path):\(line): \(rule.name) may not import \(module)")
            }
        }
    }

    /// The build accepts an import of what a dependency depends on; here a target declares itself all
    /// that it imports, and nothing else.
    @Test func importsAreDeclared() throws {
        let declared = Manifest.dependencies(in: try SourceTree.text("Package.swift"))
        #expect(declared.count > 10)
        for (target, dependencies) in declared {
            let files = tree.files.filter { $0.target == target }
            guard !files.isEmpty else { continue }
            for file in files {
                for (module, line) in file.imports
                where isOfThePackage(module) && !dependencies.contains(module) {
                    Issue.record("\(file.path):\(line): Package.swift gives \(target) no \(module)")
                }
            }
            let imported = Set(files.flatMap(\.imports).map(\.module))
            for dependency in dependencies.subtracting(imported).sorted() {
                Issue.record(
                    "Package.swift: \(target) depends on \(dependency) and never imports it")
            }
        }
    }

    private func isOfThePackage(_ module: String) -> Bool {
        module.hasPrefix("Martlet") || module == "CMartletKernels"
    }

    @Test(arguments: House.targets) func roomsFormNoCircles(rule: TargetRule) {
        let uses = TypeGraph(tree.files(of: rule.name)).usesBetweenRooms
        var open = Set(uses.keys)
        for known in House.roomCircles where known.target == rule.name {
            let inside = Set(uses.keys).filter {
                known.rooms.contains($0.from) && known.rooms.contains($0.to)
            }
            if circles(inside) != [known.rooms.sorted()] {
                Issue.record(
                    "\(rule.name): \(known.rooms.sorted()) form no circle any more; take it out of House.roomCircles"
                )
            }
            open.subtract(inside)
        }
        for circle in circles(open) {
            let examples = uses.filter { edge, _ in
                open.contains(edge) && circle.contains(edge.from) && circle.contains(edge.to)
            }
            let lines = examples.values.map { "\($0.from.path):\($0.line): uses \($0.type)" }
            Issue.record(
                "\(rule.name): \(circle.joined(separator: ", ")) form a circle\n\(lines.sorted().joined(separator: "\n"))"
            )
        }
    }

    @Test(arguments: House.targets) func fileCirclesStaySmall(rule: TargetRule) {
        let circle = TypeGraph(tree.files(of: rule.name)).largestCircle
        if max(circle.count, 1) > rule.largestFileCircle {
            Issue.record(
                "\(rule.name): \(circle.count) files form a circle, \(rule.largestFileCircle) may\n\(circle.joined(separator: "\n"))"
            )
        }
    }

    @Test func namesAreNotSwitchedOn() {
        var homes: [String: Set<String>] = [:]
        for file in tree.files where file.path.hasPrefix("Sources/") {
            for entry in House.policyEntries + House.familyEntries {
                for name in NameComparisons.names(of: entry, in: file) {
                    homes[name, default: []].insert(file.path)
                }
            }
        }
        // The search itself has found what there is.
        for name in ["dense", "snapkv", "quest", "dms", "kv", "llama", "gpt2"] {
            #expect(homes[name] != nil, "no file names the policy or family \(name)")
        }
        var unused = House.nameExceptions.reduce(into: [:]) { $0[$1.path] = $1.names }
        let known = unused
        for file in tree.files {
            for found in NameComparisons.comparisons(with: Set(homes.keys), in: file)
            where homes[found.name]?.contains(found.path) != true {
                unused[found.path]?.remove(found.name)
                if known[found.path]?.contains(found.name) != true {
                    Issue.record("\(found.path):\(found.line): compares with \"\(found.name)\"")
                }
            }
        }
        for (path, names) in unused where !names.isEmpty {
            Issue.record(
                "\(path) does not compare with \(names.sorted()) any more; take it out of House.nameExceptions"
            )
        }
    }
}
