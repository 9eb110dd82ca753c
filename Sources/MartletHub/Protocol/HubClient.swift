/// Questions to a hub: what a revision is, which files it has, and where their content is.

import MartletFormats

/// Where the content of a file is.
package struct FileLocation: Sendable {
    /// The address: the hub's own, or a signed one of somebody else's.
    package let url: String
    /// The hub's name for the content, and so the cache's.
    package let etag: String
    /// The version of what is at the address, where the hub itself has it.
    package let version: String?
}

/// Asks a hub.
package struct HubClient: Sendable {
    let settings: HubSettings
    let http: any HTTPClient
    let retry: RetryRule
    /// Told before a request is made again.
    let willRetry: @Sendable (_ error: HubError, _ seconds: Double) -> Void
    let home: Origin?

    /// A client of the hub that the settings name.
    package init(
        _ settings: HubSettings, http: any HTTPClient, retry: RetryRule = RetryRule(),
        willRetry: @escaping @Sendable (HubError, Double) -> Void = { _, _ in }
    ) {
        self.settings = settings
        self.http = http
        self.retry = retry
        self.willRetry = willRetry
        home = Origin(settings.endpoint)
    }

    // MARK: Questions

    private func api(_ repository: RepositoryName) -> String {
        "\(settings.endpoint)/api/models/\(repository)"
    }

    /// The commit of a branch, tag or commit.
    package func revision(
        _ revision: String, of repository: RepositoryName
    ) async throws(HubError) -> RevisionAnswer {
        let url = "\(api(repository))/revision/\(Address.quote(revision, keepsSlashes: false))"
        let answer: RevisionAnswer
        do throws(HubError) {
            answer = try await RevisionAnswer(ask(url, about: repository).body, url: url)
        } catch {
            guard case .revisionNotFound = error else { throw error }
            throw .revisionNotFound(
                repository: "\(repository)", revision: revision,
                known: await references(of: repository))
        }
        guard !answer.isDisabled else {
            throw .refused(url: url, status: 403, message: "access to this repository is disabled")
        }
        return answer
    }

    /// Names of branches and tags, for a message; none when there is no answer.
    private func references(of repository: RepositoryName) async -> [String] {
        let url = "\(api(repository))/refs"
        guard let body = try? await ask(url, about: repository).body else { return [] }
        return (try? ReferencesAnswer(body, url: url).names) ?? []
    }

    /// All files of a commit.
    package func files(
        of commit: String, in repository: RepositoryName
    ) async throws(HubError) -> [RepositoryFile] {
        var url: String? = "\(api(repository))/tree/\(commit)?recursive=true&expand=false"
        var files: [RepositoryFile] = []
        var seen: Set<String> = []
        var pages: Set<String> = []
        while let page = url {
            guard pages.insert(page).inserted, pages.count <= 10_000, files.count <= 1_000_000
            else {
                throw .badAnswer(
                    url: Address.shown(page), got: "pages without an end", expected: "a last page")
            }
            let (head, body) = try await ask(page, about: repository)
            for file in try TreeAnswer(body, url: Address.shown(page)).files {
                guard seen.insert(file.path).inserted else {
                    throw .badAnswer(
                        url: Address.shown(page), got: "\(quoted(file.path)) twice",
                        expected: "each file once")
                }
                files.append(file)
            }
            url = head.value("Link").flatMap(HubAnswer.nextPage).flatMap {
                Address.resolve($0, from: page)
            }
        }
        return files
    }

    /// Where the content of a file is, and what the hub calls it.
    package func locate(
        _ file: RepositoryFile, of commit: String, in repository: RepositoryName
    ) async throws(HubError) -> FileLocation {
        let url =
            "\(settings.endpoint)/\(repository)/resolve/\(commit)/"
            + Address.quote(file.path, keepsSlashes: true)
        let (head, last) = try await retrying { () async throws(HubError) in
            let sink = BodySink(limit: 1 << 16)
            let (head, last) = try await send("HEAD", url, settings.questionTimeout, sink)
            guard head.redirect != nil || (200...299).contains(head.status) else {
                throw failure(head, sink.bytes, last, repository, file.path)
            }
            return (head, last)
        }
        guard head.value("X-Repo-Commit") != nil,
            let tag = (head.value("X-Linked-Etag") ?? head.value("ETag")).map(Self.plainTag),
            Self.isBlobName(tag)
        else {
            let got = head.value("X-Repo-Commit") == nil ? "no X-Repo-Commit" : "no usable ETag"
            throw .notAHub(endpoint: settings.endpoint, got: got)
        }
        let length =
            head.value("X-Linked-Size")
            ?? (head.redirect == nil ? head.value("Content-Length") : nil)
        let isEncoded = head.value("Content-Encoding") != nil
        if let size = length.flatMap(Int.init), size != file.size, !isEncoded {
            throw .badAnswer(
                url: url, got: "\(size) bytes of \(quoted(file.path))",
                expected: "the \(file.size) bytes that are listed")
        }
        let listed = file.sha256 ?? file.blobID
        if [40, 64].contains(tag.utf8.count), tag.utf8.count == listed.utf8.count,
            tag.utf8.allSatisfy(RepositoryFile.isHexadecimal), tag != listed
        {
            throw .badAnswer(
                url: url, got: "the hash \(tag) of \(quoted(file.path))",
                expected: "\(listed), as it is listed")
        }
        guard let redirect = head.redirect else {
            let version = head.value("ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
            return FileLocation(url: last, etag: tag, version: version)
        }
        guard let target = Address.resolve(redirect, from: last) else {
            throw .badAnswer(
                url: url, got: "a redirect to \(quoted(Address.shown(redirect)))",
                expected: "an address of HTTP")
        }
        return FileLocation(url: target, etag: tag, version: nil)
    }

    /// An ETag without its quotation marks.
    private static func plainTag(_ text: String) -> String {
        var tag = text[...]
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        if tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") {
            tag = tag.dropFirst().dropLast()
        }
        return String(tag)
    }

    /// ETags become names of files.
    private static func isBlobName(_ tag: String) -> Bool {
        (1...128).contains(tag.utf8.count) && tag.utf8.allSatisfy(RepositoryName.isNameByte)
            && !tag.hasPrefix(".")
    }

    private func ask(
        _ url: String, about repository: RepositoryName
    ) async throws(HubError) -> (head: HTTPHead, body: [UInt8]) {
        try await retrying { () async throws(HubError) in
            let sink = BodySink(limit: HubAnswer.largest)
            let (head, last) = try await send("GET", url, settings.questionTimeout, sink)
            guard head.status == 200 else {
                throw failure(head, sink.bytes, last, repository, nil)
            }
            return (head, sink.bytes)
        }
    }
}
