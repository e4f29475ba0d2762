"""Page codecs (T.4, T.6) on raw streams, and the page they carry."""
