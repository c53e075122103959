"""The version of all of Headlight: of the app, of the package and of what they save."""

VERSION = "0.1.0"
