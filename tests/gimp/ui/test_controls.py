"""Every control of every dialog, walked in a real GIMP: whether it says what it does, and which key leads to it; and
whether it all fits on a small screen."""

from __future__ import annotations

import pytest

from tests.gimp import windows
from tests.gimp.clicks import drive

SCREEN = (1366, 768)
LANGUAGES = ("en", "de", "fr")

WALK = """
KINDS = (Gtk.Button, Gtk.ComboBox, Gtk.Entry, Gtk.Scale, Gtk.FlowBox, Gtk.IconView, Gtk.Expander)
LETTERLESS = 0xffffff

def dialog_of(name, version):
    image = load()
    if name == procedures.LAYERS_STYLE:
        image.insert_layer(image.get_layers()[0].copy(), None, 0)
    if version:
        assert paint(image, image.get_layers())[0]
        source, made_with, origin = recorded_source(image, image.get_layers()[0])
        sources = [source]
    elif name == filters.STYLE:
        group = Gimp.GroupLayer.new(image, "group")
        image.insert_layer(group, None, 0)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 300, 200)
        sources = selected_sources(image, image.get_layers()[-1:])
    elif name == procedures.ZOOM:
        sources = frames.of_zoom(image.get_layers()[0])
    elif name == procedures.LAYERS_STYLE:
        sources = frames.of_layers(image)
    else:
        image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")
        sources = selected_sources(image, image.get_layers())
    config = Gimp.get_pdb().lookup_procedure(name).create_config()
    filter_name = procedures.FILTERS[name]
    made = dialog.Dialog(filters.TITLES[filter_name], filter_name, config.get_procedure(), config, sources)
    made._window.show()
    return made

def hidden(widget):
    '''What GIMP has and Reverie's dialogs do not: its own settings, its manual.'''
    while widget is not None:
        if isinstance(widget, Gtk.ButtonBox) and not widget.get_visible():
            return True
        widget = widget.get_parent()
    return False

def chain(widget):
    while widget is not None:
        yield widget
        widget = widget.get_parent()

def titled(widget):
    '''What tells a control from the others.'''
    words = [each.get_text() for each in below(widget) if isinstance(each, Gtk.Label)]
    words += [widget.get_accessible().get_name() or "", widget.get_tooltip_text() or ""]
    return "%s: %s" % (type(widget).__name__, next((each for each in words if each), "?"))

def missed_by_tab(made, controls):
    '''Those of some controls that Tab leads neither to nor into; of radio buttons it leads to one.'''
    window, stops = made._window, []
    os.system("xdotool windowfocus $(xdotool search --onlyvisible --name '^%s$' | tail -1)" % window.get_title())
    assert pump(window.has_toplevel_focus, 10)  # without it, Tab stays where it is
    window.set_focus(None)  # so that it begins at the first
    while window.child_focus(Gtk.DirectionType.TAB_FORWARD) and window.get_focus() not in stops:
        stops.append(window.get_focus())
    met = {part for stop in stops for part in chain(stop)}
    met |= {each for stop in stops if isinstance(stop, Gtk.RadioButton) for each in stop.get_group()}
    return [titled(each) for each in controls if each.is_sensitive() and each.get_mapped() and each not in met]

def walked(made):
    every = [each for each in below(made._window) if not hidden(each)]
    help = made._window.get_widget_for_response(Gtk.ResponseType.HELP)
    controls = [each for each in every if isinstance(each, KINDS) and each is not help]
    controls = [each for each in controls if each.get_ancestor(Gtk.FlowBoxChild) is None]  # keys do the same there
    labels = [each for each in every if isinstance(each, Gtk.Label) and each.get_mnemonic_keyval() != LETTERLESS]
    labels = [each for each in labels if help not in chain(each)]
    alone = made._meanwhile.widget  # these two are there while nothing else can be pressed
    labels = [each for each in labels if alone not in chain(each)]
    led = [each.get_mnemonic_widget() for each in labels]
    silent = [titled(each) for each in controls if not any(part.get_tooltip_text() for part in chain(each)
                                                           if part is not made._window)]
    groups = [(each, each.get_parent().get_parent().get_parent()) for each in controls]
    far = [titled(each) for each, group in groups
           if not any(group in chain(goal) or goal in chain(each) for goal in led if goal)]
    letters = [chr(each.get_mnemonic_keyval()) for each in labels]
    double = [each.get_label() for each, letter in zip(labels, letters) if letters.count(letter) > 1]
    return dict(count=len(controls), silent=silent, far=far, double=sorted(double),
                missed=missed_by_tab(made, controls))

def asked(made):
    '''What Advanced says and does, in the dialog of Neural Style.'''
    every, config = list(below(made._window)), made._config
    networks = next(each for each in every if isinstance(each, Gtk.ComboBoxText) and each.get_active_id() == "auto")
    pump(lambda: len(networks.get_model()) > 5)
    offered = dict((row[1], row[0]) for row in networks.get_model())
    networks.set_active_id("vgg19")
    chosen_network = config.get_property("network"), networks.get_tooltip_text()
    pump(lambda: "fetches" in made._estimate.get_text())
    first = made._estimate.get_text()
    networks.set_active_id("auto")
    numbers = [each for each in every if isinstance(each, Gtk.SpinButton)]
    words = [each.get_text() for each in numbers]
    config.set_property("size", 100); config.set_property("seed", -1)
    words += [each.get_text() for each in numbers]
    made_of = recipes.recipe_of(filters.STYLE, config)
    config.set_property("detail", "fine")
    fine = recipes.recipe_of(filters.STYLE, config)
    nothing, anything = [each for each in every if isinstance(each, Gtk.RadioButton)][:2]
    anything.set_active(True)
    dreamt = recipes.recipe_of(filters.STYLE, config).get("dream")
    pump(lambda: any(isinstance(each, Gtk.FlowBoxChild) and each.get_accessible().get_name() == "udnie"
                     for each in below(made._window)))
    style(made, "udnie")
    pump(seconds=0.5); shot("fast")
    fast = anything.is_sensitive(), nothing.get_active(), recipes.recipe_of(filters.STYLE, config)
    reason = [each.get_text() for each in every if isinstance(each, Gtk.Label) and each.get_mapped()]
    style(made, "ink")
    brushwork = next(each for each in every if isinstance(each, Gtk.ComboBoxText)
                      and each.get_active_id() == "optimise")
    brushwork.set_active_id("instant")
    pump(seconds=0.2); shot("instant")
    one_pass = anything.is_sensitive(), recipes.recipe_of(filters.STYLE, config)["method"]
    reason += [each.get_text() for each in every if isinstance(each, Gtk.Label) and each.get_mapped()]
    brushwork.set_active_id("optimise")
    return dict(one_pass=one_pass, offered=offered, chosen=chosen_network, first=first, words=words, recipe=made_of,
                fine=fine, fast=fast, dreamt=dreamt, awake=anything.is_sensitive(), reason=reason)

said = {}
for title, name in (("style", filters.STYLE), ("edit", filters.STYLE), ("dream", filters.DREAM),
                    ("frames", procedures.LAYERS_STYLE), ("zoom", procedures.ZOOM)):
    made = dialog_of(name, version=title == "edit")
    if title == "style" and ENGLISH:
        settled(made)
        pump(lambda: made._estimate.get_text()[-1:] not in ("", "…"))
    pump(seconds=0.3)  # the other dialogs need not wait for what the backend says
    shot(title)
    folded = made._window.get_size()
    for each in below(made._window):
        if isinstance(each, Gtk.Expander):
            each.set_expanded(True)
    pump(seconds=0.5)
    if title in ("style", "dream") and ENGLISH:
        for each in below(made._window):
            if isinstance(each, Gtk.Expander):
                bar = next(part for part in chain(each) if isinstance(part, Gtk.ScrolledWindow)).get_vadjustment()
                bar.set_value(bar.get_upper())
        shot(title + "-advanced")
    said[title] = dict(walked(made), sizes=[folded, made._window.get_size()], takes=made._estimate.get_text())
    if title == "style" and ENGLISH:
        said[title]["asked"] = asked(made)
    made.close()
    pump(seconds=0.2)
answer(**said)
"""


@pytest.fixture(scope="module", params=LANGUAGES)
def said(request, gimp, running_backend):
    running_backend()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCREEN", "x".join(map(str, SCREEN)))
        gimp.language = request.param
        try:
            script = f"ENGLISH = {request.param == 'en'}\n{WALK}"
            walked = windows.run(gimp, f"controls-{request.param}", script)
        finally:
            gimp.language = "en"  # at once: other tests of this file may come before this one's end
    return walked


def _found(said: dict, what: str) -> str:
    return "\n".join(f"{name}: {each}" for name in said for each in said[name][what])


def test_every_control_says_what_it_does(said):
    assert all(each["count"] > 20 for each in said.values())
    assert _found(said, "silent") == ""


def test_a_letter_leads_to_every_control_or_to_one_close_by(said):
    assert _found(said, "far") == ""


def test_tab_leads_to_every_control(said):
    assert _found(said, "missed") == ""


def test_no_two_labels_of_a_dialog_have_the_same_letter(said):
    assert _found(said, "double") == ""


def test_advanced_speaks_in_words_and_a_fast_style_alone_has_no_dream(said, request):
    if request.node.callspec.params["said"] != "en":
        pytest.skip("once is enough")
    asked = said["style"]["asked"]
    assert asked["offered"]["reverie"] == "Reverie's own, and quick: on this machine"
    assert asked["offered"]["vgg19"] == "Best quality, and slow (VGG-19): 575 MB to fetch"
    assert asked["chosen"][0] == "vgg19" and "Licence: CC BY 4.0" in asked["chosen"][1]
    assert asked["first"].endswith("pixels; first fetches 575 MB.")
    assert asked["words"].count("automatic") == 3  # of both; then of one, beside a size of 100
    assert asked["words"].count("another each time") == 1
    assert asked["recipe"]["size"] == 100 and "seed" not in asked["recipe"]
    assert asked["fine"]["detail"] == "fine" and "size" not in asked["fine"]
    assert asked["dreamt"] == [{"layer": "auto"}] or asked["dreamt"] == [{}]
    awake, nothing, recipe = asked["fast"]
    assert not awake and nothing and "dream" not in recipe and recipe["fast"] == [{"name": "udnie"}]
    assert any(text.startswith("A fast style alone cannot dream") for text in asked["reason"])
    assert asked["awake"]
    assert asked["one_pass"] == [False, "instant"]
    assert "Only what is painted stroke by stroke can dream: choose that brushwork." in asked["reason"]
    assert said["style"]["takes"].startswith("Painted at 347 × 247 pixels; takes about ")


KEYS = """
act keys alt+y; act keys Left Left space     # two before the one that is chosen
act keys Right ctrl+space                    # and one before it beside that
act keys alt+t; keys ctrl+a; write 40; act keys Tab
shot dialog
keys alt+o
"""


def test_a_whole_job_is_done_with_keys_alone(gimp, backend):
    said = drive(gimp, "keys", "Neural Style", "plug-in-reverie-style", KEYS)
    assert said["status"] == "success"
    assert said["after"] == ["Neural style: pointillism, stained glass", "landscape.jpg"]
    assert said["records"][0]["strength"] == 0.4
    assert len(said["records"][0]["style"]) == 2
    assert said["undone"] == ["landscape.jpg"]


def test_it_fits_on_a_small_screen(said):
    widest, highest = SCREEN
    assert all(width <= widest and height <= highest - 40 for each in said.values() for width, height in each["sizes"])
