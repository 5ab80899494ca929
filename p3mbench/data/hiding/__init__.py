"""Write a version of a folder in which faces are hidden: ``p3mbench obfuscate``.

`layout` finds the pictures, `work` hides the faces of one, `manifest` remembers what was made, and
`folder` does all of it.
"""
