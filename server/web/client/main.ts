// The script of the pages: what makes them quicker to use. Each page works without it. One module for each thing that it
// does, imported here; where several pages share a part, its module finds it by an attribute, also after htmx changed the page.

import './chart.ts';
import './copy.ts';
import './forms.ts';
import './nav.ts';
import './own-rule.ts';
import './run.ts';
import './score-keys.ts';
import './search.ts';
import './stale.ts';
import './theme.ts';
import './zone.ts';

document.documentElement.classList.add('js');
