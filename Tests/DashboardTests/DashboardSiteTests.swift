import Foundation
import Testing

@testable import Dashboard

@Suite("The dashboard's files")
struct DashboardSiteTests {
  @Test("the page is at the root, under one name for its content")
  func root() throws {
    let page = try #require(DashboardSite.file(at: "/"))
    #expect(page == DashboardSite.file(at: "/index.html"))
    #expect(page.contentType == "text/html; charset=utf-8")
    #expect(String(decoding: page.bytes, as: UTF8.self).hasPrefix("<!doctype html>"))
  }

  @Test("every file has a type and a tag of its own content")
  func files() throws {
    let paths = DashboardSite.paths
    #expect(paths.contains("/index.html"))
    var tags: [String: [UInt8]] = [:]
    for path in paths {
      let file = try #require(DashboardSite.file(at: path))
      #expect(file.entityTag.hasPrefix("\"") && file.entityTag.hasSuffix("\""))
      #expect(tags.updateValue(file.bytes, forKey: file.entityTag).map { $0 == file.bytes } ?? true)
    }
  }

  @Test(
    "a path that is not in the table is no file, wherever it leads",
    arguments: [
      "", "//", "/index", "index.html", "/../Package.swift", "/%2e%2e/index.html", "/js", "/css/../index.html",
    ])
  func missing(_ path: String) {
    #expect(DashboardSite.file(at: path) == nil)
  }

  @Test("the page loads nothing from elsewhere and needs no inline style or script")
  func policy() throws {
    for path in DashboardSite.paths {
      let file = try #require(DashboardSite.file(at: path))
      let text = String(decoding: file.bytes, as: UTF8.self)
      for scheme in ["http:" + "//", "https:" + "//"] {
        for part in text.components(separatedBy: scheme).dropFirst() {
          // The name of SVG's elements is one; the rest are examples on this machine.
          #expect(part.hasPrefix("www.w3.org/") || part.hasPrefix("127.0.0.1"), "\(path): \(scheme)\(part.prefix(40))")
        }
      }
      #expect(!text.contains("innerHTML"), "\(path)")
      guard path.hasSuffix(".html") else { continue }
      #expect(!text.contains("style=") && !text.contains("<style") && !text.contains(" onclick="), "\(path)")
      for script in text.components(separatedBy: "<script").dropFirst() {
        #expect(script.prefix { $0 != ">" }.contains("src="), "\(path): an inline script")
      }
    }
  }
}
