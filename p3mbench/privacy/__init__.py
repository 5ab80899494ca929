"""What hiding hides: faces still found, people still recognised, and what the artefact gives away.

- `counting`: boxes, thresholds for a rate of false alarms, shares with intervals;
- `detectors`: face detectors behind one interface;
- `faces`: where the faces of a benchmark's images are;
- `recogniser`, `persons`: whether a hidden face still leads to its person;
- `artefact`: whether the traces of hiding alone show where the person is;
- `record`, `measure`: the result as a JSON file, and its making.
"""
