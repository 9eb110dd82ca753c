import Foundation
import MartletPictures
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct HeatMapTests {
    /// Elements of a picture, by name.
    private final class Count: NSObject, XMLParserDelegate {
        var names: [String: Int] = [:]
        var texts = ""
        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
            qualifiedName: String?, attributes: [String: String]
        ) { names[name, default: 0] += 1 }
        func parser(_ parser: XMLParser, foundCharacters string: String) { texts += string }
    }

    private func read(_ svg: String) -> (isWellFormed: Bool, count: Count) {
        let parser = XMLParser(data: Data(svg.utf8))
        let count = Count()
        parser.delegate = count
        return (parser.parse(), count)
    }

    @Test func everyCellIsThereAndSaysItsValue() {
        let map = HeatMap(
            title: "a < b & c", rowName: "layer", columnName: "head",
            values: [[1, 2.54, 10.2], [100, .nan, 0]])
        let (isWellFormed, count) = read(map.svg)
        #expect(isWellFormed)
        #expect(count.names["rect"] == 6)
        for text in ["a < b & c", "2.5", "10", "100", "–"] { #expect(count.texts.contains(text)) }
    }

    @Test func largerValuesAreLighter() {
        let svg = HeatMap(
            title: "", rowName: "", columnName: "", values: [[1, 3, 9]]
        ).svg
        let sums = svg.matches(of: /rgb\((\d+),(\d+),(\d+)\)/).map {
            (Int($0.1) ?? 0) * 2 + (Int($0.2) ?? 0) * 5 + (Int($0.3) ?? 0)
        }
        #expect(sums.count == 3 && sums[0] < sums[1] && sums[1] < sums[2])
    }

    @Test(arguments: [[], [[]], [[1]], [[5, 5], [5, 5]]] as [[[Double]]])
    func emptyAndEvenTablesAreDrawn(values: [[Double]]) {
        let map = HeatMap(title: "t", rowName: "r", columnName: "c", values: values)
        #expect(read(map.svg).isWellFormed)
    }
}
