# SPDX-License-Identifier: MIT
"""Reports: suites in, one content model out, rendered as HTML, Markdown, text, SVG and PNG.

model     which suites, where each was measured, every benchmark in figures
sections  what the report says, in order: text, tables and pictures, without any format
charts    the pictures, each declared once in altair
render    content to HTML, Markdown, text; draw turns a chart into SVG and PNG
embed     the raw suites inside a page, and back out of it
"""
