"""The words of the Core Business Vocabulary (CBV 2.0), and the URIs that say the same.

EPCIS 2.0 JSON writes standard words bare (`shipping`); XML and older data write `urn:epcglobal:cbv:bizstep:shipping`;
the web vocabulary is `https://ref.gs1.org/cbv/BizStep-shipping`. All three are one word.
"""

from dataclasses import dataclass

CBV = "https://ref.gs1.org/cbv/"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One list of standard words: the prefix of their web URIs and of their URNs (empty where there is none)."""

    words: frozenset[str]
    web: str
    urn: str = ""

    def word(self, text: str) -> str | None:
        """The bare word a text stands for, or None when it is no word of this vocabulary."""
        for prefix in ("", self.web, self.urn, self.web.replace(CBV, "cbv:")):
            if (prefix or text in self.words) and text.startswith(prefix):
                found = text[len(prefix) :]
                return found if found in self.words else None
        return None

    def claims(self, text: str) -> bool:
        """Whether a text speaks in the name of this vocabulary, rightly or not."""
        curie = self.web.replace(CBV, "cbv:")
        return text.startswith((self.web, curie)) or bool(self.urn and text.startswith(self.urn))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BIZ_STEP = Vocabulary(
    _words(
        "accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting"
        " decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting"
        " installing killing loading other packing picking receiving removing repackaging repairing replacing reserving"
        " retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting"
        " unloading unpacking void_shipping"
    ),
    CBV + "BizStep-",
    "urn:epcglobal:cbv:bizstep:",
)
DISPOSITION = Vocabulary(
    _words(
        "active available completeness_verified completeness_inferred conformant container_closed container_open"
        " damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_instance"
        " mismatch_class mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other"
        " partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible"
        " stolen unavailable unknown"
    ),
    CBV + "Disp-",
    "urn:epcglobal:cbv:disp:",
)
TRANSACTION_TYPE = Vocabulary(
    _words("bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"),
    CBV + "BTT-",
    "urn:epcglobal:cbv:btt:",
)
SOURCE_TYPE = Vocabulary(
    _words("owning_party possessing_party location"), CBV + "SDT-", "urn:epcglobal:cbv:sdt:"
)
ERROR_REASON = Vocabulary(_words("did_not_occur incorrect_data"), CBV + "ER-", "urn:epcglobal:cbv:er:")
COMPONENT = Vocabulary(
    _words(
        "x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude"
        " longitude altitude"
    ),
    CBV + "Comp-",
)
MEASUREMENT = _words(
    "AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance"
    " AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance"
    " Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity"
    " ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency"
    " Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux"
    " LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate"
    " MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux"
    " RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed SurfaceDensity"
    " SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux Wavenumber"
)
ALERT = _words("ALARM_CONDITION ERROR_CONDITION")
ACTIONS = ("OBSERVE", "ADD", "DELETE")
EVENT_TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)
