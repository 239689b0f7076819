"""All kinds of studies. A further one is a module with a `KIND`, a line here, and its analysis in `analyses/`."""

from workflow.scripts.studies import domain, duration, nli_scaling, similarity, typology
from workflow.scripts.studies.kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (duration.KIND, nli_scaling.KIND, similarity.KIND, typology.KIND, domain.KIND)
}
