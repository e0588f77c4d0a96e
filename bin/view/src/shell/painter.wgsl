// Colours are as they are shown, multiplied by their alpha.

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
    @location(1) colour: vec4<f32>,
};

/// The size of the screen in points.
@group(0) @binding(0) var<uniform> screen: vec2<f32>;
@group(1) @binding(0) var pixels: texture_2d<f32>;
@group(1) @binding(1) var sampling: sampler;

@vertex
fn place(
    @location(0) position: vec2<f32>,
    @location(1) uv: vec2<f32>,
    @location(2) colour: vec4<f32>,
) -> Corner {
    let share = position / screen;
    return Corner(vec4<f32>(2.0 * share.x - 1.0, 1.0 - 2.0 * share.y, 0.0, 1.0), uv, colour);
}

@fragment
fn textured(corner: Corner) -> @location(0) vec4<f32> {
    return corner.colour * textureSample(pixels, sampling, corner.uv);
}

@fragment
fn coloured(corner: Corner) -> @location(0) vec4<f32> {
    return corner.colour;
}
